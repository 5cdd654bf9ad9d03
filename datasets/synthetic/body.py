"""A posed person as tubes on the screen."""

from datasets.synthetic.bag import add_bag
from datasets.synthetic.figure import Figure, View
from datasets.synthetic.head import add_head
from datasets.synthetic.limbs import add_arm, add_leg
from datasets.synthetic.person import Person
from datasets.synthetic.pose import SIDES, Pose
from datasets.synthetic.trunk import add_lower, add_torso
from datasets.synthetic.tube import Tube


def build(person: Person, pose: Pose, view: View, modality: str) -> list[Tube]:
    """The tubes of `person`, in painting order from far to near."""
    figure = Figure(person, pose, view, modality)
    for side in SIDES:
        add_leg(figure, side)
        add_arm(figure, side)
    add_lower(figure)
    add_torso(figure)
    add_head(figure)
    add_bag(figure)
    return sorted(figure.tubes, key=lambda tube: tube.depth)
