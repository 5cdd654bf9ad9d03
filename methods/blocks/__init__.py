"""Parts that several methods share, each once."""
