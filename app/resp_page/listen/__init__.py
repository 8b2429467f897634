"""Listen and look together: one component that plays a recording, draws it, and takes corrections of its cycles."""

from resp_page.listen.component import Edits, Overlay, listen

__all__ = ["Edits", "Overlay", "listen"]
