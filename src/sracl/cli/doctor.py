"""`sracl doctor`: what is installed and what is missing."""

from rich.console import Console

from sracl.cli.application import app
from sracl.errors import SraclError


@app.command()
def doctor() -> None:
    """What is installed, which devices there are, what is missing."""
    from sracl.doctor import checks

    failed = False
    for name, ok, told in checks():
        Console().print(
            f"{'ok     ' if ok else 'MISSING'} {name}: {told}", highlight=False, markup=False, soft_wrap=True
        )
        failed |= not ok
    if failed:
        raise SraclError("something that sracl needs is missing; see the lines above")
