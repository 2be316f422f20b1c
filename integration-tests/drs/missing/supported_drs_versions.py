"""A module that the package of the compliance suite imports and does not contain."""

SUPPORTED_DRS_VERSIONS = ["1.2.0"]
