"""What these tests take from the rooms' own tests."""

from tests.training.conftest import tiny  # noqa: F401
