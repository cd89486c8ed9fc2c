"""Why a model says what it says: units, removals, targets, and one method per file or folder."""
