"""See before you save: what a version of the settings would have flagged of the last days. Nothing here writes."""

from tracking.preview.figures import LISTED, PERIODS, Bar, Part, Preview, Row, behind, preview

__all__ = ["LISTED", "PERIODS", "Bar", "Part", "Preview", "Row", "behind", "preview"]
