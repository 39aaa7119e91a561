"""The loop of `fqt train`, in every place: epochs over samples in the order of fqt.fit, in pieces
after which the run tells how far it is, keeps what was learnt, and can stop.

It runs under MicroPython too (device.py): it imports what both have. Pieces end where mini-batches
end, so that a run which goes on from what a piece left gives the bytes of one that never stopped.
"""

import array

PIECE_MS = 400  # about how long a piece takes, so that a run stops and tells soon
SAVE_MS = 20000  # what was learnt is kept at least so often


def train(learner, job):
    """Train from where the job says that it was left to its end, or to where it is told to stop.

    learner: what a place does: train(order, start, end, rate) -> sum of losses,
    shuffle(order, seed), end_batch(), save(), elapsed() -> milliseconds since it was last asked,
    is_stopped(), tell(epoch, position, loss, is_saved).
    job: a dict. samples: how many; rates: of each epoch, as the learner takes them; seed, batch;
    epoch, position, loss: the epochs that are done, the samples of the next one, the sum of their
    losses; keeps_epochs: save after each.
    """
    order = array.array("H", range(job["samples"]))
    position, loss = job["position"], job["loss"]
    for done in range(job["epoch"]):
        learner.shuffle(order, job["seed"] + done)
    batch = size = job["batch"]
    unsaved = 0
    learner.elapsed()
    for epoch in range(job["epoch"], len(job["rates"])):
        learner.shuffle(order, job["seed"] + epoch)
        is_last = epoch + 1 == len(job["rates"])
        while position < len(order):
            end = min(position + size, len(order))
            loss += learner.train(order, position, end, job["rates"][epoch])
            position = end
            ends = position == len(order)
            if ends:
                learner.end_batch()
            stops = learner.is_stopped()
            took = learner.elapsed()
            unsaved += took
            is_saved = stops or unsaved > SAVE_MS or (ends and (is_last or job["keeps_epochs"]))
            if is_saved:
                learner.save()
                unsaved = 0
            learner.tell(epoch, position, loss, is_saved)
            if stops:
                return
            size = next_size(size, batch, took)
            learner.elapsed()
        position, loss = 0, 0.0


def next_size(size, batch, took):
    """How many samples the next piece has, when one of `size` took so many milliseconds: a
    multiple of the mini-batch."""
    if took < PIECE_MS // 2:
        return min(2 * size, 16384 // batch * batch or batch)
    if took > 2 * PIECE_MS:
        return max(size // 2 // batch * batch, batch)
    return size
