"""The methods, one file each with its recipe beside it; `recipes` reads these without torch, `build` makes a model."""


def build(recipe, training_set):
    """The method that a recipe describes, with freshly initialised weights from torch's global generator.

    Args:
        recipe: resolved `methods.recipes.Recipe`.
        training_set: `methods.contract.TrainingSet`.

    A method file holds exactly one class that it exports as `METHOD`. A method plugged on a host gets the built host.
    """
    import importlib

    def make(name, *parts):
        return importlib.import_module(f"methods.{name}").METHOD(recipe, training_set, *parts)

    return make(recipe.method, make(recipe["host"])) if "host" in recipe else make(recipe.method)
