# The last part: what importing left behind is freed, so that samples and models that come next lie
# in one piece of the heap.
gc.collect()  # noqa: F821 (of model.py, which is joined in front of it)
