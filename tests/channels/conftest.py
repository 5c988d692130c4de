from hypothesis import settings

# The machines that run this are shared: an example may be slow without being wrong.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
