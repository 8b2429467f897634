"""Which addresses to listen on are reached from this machine alone: what is served beyond it needs a lock."""

from ipaddress import ip_address


def is_this_machine(host: str | None) -> bool:
    """Tell whether an address to listen on, a name or a number, is reached from this machine alone."""
    if not host:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
