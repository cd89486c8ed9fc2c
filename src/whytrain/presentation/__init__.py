"""Words, numbers and colors that figures and pages share."""
