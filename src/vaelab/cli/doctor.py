"""`vaelab doctor`: describe the installation."""

from vaelab.cli.options import AsJson
from vaelab.cli.output import print_json, print_text, two_columns


def doctor(*, json: AsJson = False) -> None:
    """Show versions, devices, the location of the data and missing optional packages."""
    from vaelab.doctor import examine

    found = examine()
    if json:
        print_json(found)
    else:
        print_text(two_columns(found))
