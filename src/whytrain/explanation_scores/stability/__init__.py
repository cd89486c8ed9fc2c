"""Does an explanation stay what it was where nothing that matters has changed?"""
