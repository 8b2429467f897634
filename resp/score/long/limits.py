"""What is long, and how much of a long recording is held at once."""

from resp.audio.limits import Limits

WHOLE = Limits(max_duration_s=600.0, max_samples=40_000_000)
"""Up to these a recording is taken into memory whole: ten minutes, and 160 MB."""

LONGEST = Limits(max_duration_s=7 * 24 * 3600.0, max_samples=1 << 50)
"""Up to these it is scored in stretches: a week."""

STRETCH_S = 300.0
"""How long a stretch is: breathing has a period for some minutes, not for a night."""

MARGIN_S = 16.0
"""What of its neighbours a stretch is heard with: twice the longest breath that is looked for."""

MOST_SEGMENTS_S = 3600.0
"""Up to this duration a report holds its segments."""
