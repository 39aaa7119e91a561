# fit: epochs over data, with a learning rate that falls, and an end by count or by time.
import array
import time

_MOST = const(0x3FFFFFFF)  # the greatest integer that takes no memory on a board
_PARTS = const(256)  # of a time budget, in which the rate falls


class Progress:
    def __init__(self, epoch, steps, loss, lr, cache=None):
        self.epoch = epoch
        self.steps = steps
        self.loss = loss
        self.lr = lr
        self.cache = cache

    def __repr__(self):
        return "epoch %d: %d steps, loss %.4f, lr %.5f" % (
            self.epoch,
            self.steps,
            self.loss,
            self.lr,
        )


def _rate(lr, schedule, epoch, epochs):
    if schedule == "linear":
        return _decayed(lr, epoch, epochs)
    if schedule == "constant":
        return lr
    # (1 + cos(pi * epoch / epochs)) / 2 by Bhaskara's approximation, in units of 1 / 65536: with
    # integers the rates are the same on every machine.
    square = epochs * epochs
    if 2 * epoch <= epochs:
        a = epoch * epoch
        share = 32768 + 32768 * (square - 4 * a) // (square + a)
    else:
        a = (epochs - epoch) * (epochs - epoch)
        share = 32768 - 32768 * (square - 4 * a) // (square + a)
    return _decayed(lr, 65536 - share, 65536)


def _loss_of_kept(net, samples, keep, every):
    # The mean loss over the samples of the checkpoint that a run before left; None: there is none,
    # or it is another model's. Yields as the run does. The model as it is lies in a file then.
    try:
        with _Source(keep):
            pass
    except OSError:
        return None
    aside = keep + ".now"
    net.save(aside, checkpoint=True)
    try:
        try:
            net.restore(keep)
        except ValueError:
            return None
        loss = 0.0
        for i in range(len(samples)):
            x, target, index = samples.sample(i)
            loss += net.loss_for(x, target, index)
            if every and (i + 1) % every == 0:
                yield Progress(0, 0, 0.0, 0.0)
        return loss / len(samples)
    finally:
        net.restore(aside)
        _remove(aside)


def _epochs(net, samples, epochs, seconds, lr, schedule, seed, cache, keep, every):
    # Ticks are compared with the last ones only, since they begin anew after days; whole seconds
    # are counted apart, so that no number outgrows a board's small integers.
    if seconds is not None:
        whole = int(seconds)
        spent = -int((seconds - whole) * 1000)  # milliseconds
        last = time.ticks_ms()
        # In milliseconds, or where these would be beyond small integers in seconds.
        unit = 1000 if whole < _MOST // 1000 else 1
        budget = int(seconds * unit)
        share = budget // _PARTS or 1
    order = array.array("H", range(len(samples)))
    falls = epochs is None  # with the time that is spent
    part = epoch = 0
    kept = None  # what it is of, and its loss
    try:
        if keep and net.diverged is None:
            loss = yield from _loss_of_kept(net, samples, keep, every)
            if loss is not None:
                kept = keep, loss
        text = str(cache) if cache else None
        while epochs is None or epoch < epochs:
            if falls:
                rate = _rate(lr, schedule, part, _PARTS)
            else:
                rate = _rate(lr, schedule, epoch, epochs)
            shuffle(order, seed + epoch)
            epoch += 1
            loss = 0.0
            steps = 0
            if cache:
                cache.check()
            for i in order:
                x, target, index = samples.sample(i)
                if cache:
                    x, index = cache.get(x, index, i)
                net.train(x, target, rate, index, cache is not None)
                loss += net.loss
                steps += 1
                if seconds is not None:
                    now = time.ticks_ms()
                    spent += time.ticks_diff(now, last)
                    last = now
                    if spent >= 1000:
                        whole -= spent // 1000
                        spent %= 1000
                    if whole <= 0 <= spent:
                        epochs = epoch
                        break
                    if falls:
                        passed = (budget - whole * unit + (spent if unit > 1 else 0)) // share
                        if part < passed:
                            part = min(passed, _PARTS)
                            rate = _rate(lr, schedule, part, _PARTS)
                if every and steps % every == 0 and steps < len(order):
                    yield Progress(epoch, steps, loss / steps, rate, text)
            net.end_batch()
            loss /= steps
            if keep and steps == len(order) and (kept is None or loss < kept[1]):
                net.save(keep, checkpoint=True)
                kept = "epoch %d" % epoch, loss
            if cache:
                cache.rest()
            yield Progress(epoch, steps, loss, rate, text)
    except RuntimeError as error:
        if net.diverged is None or kept is None:
            raise
        net.restore(keep)
        raise RuntimeError(_text(FQT_MESSAGE_RESTORED, error, kept[0]))
    finally:
        if cache:
            cache.close()


class Fit:
    # What fit returns: an iterator that a program can close, and that says when it was forgotten.
    def __init__(self, net, epochs):
        self.net = net
        self.epochs = epochs
        net._waits = True

    def __iter__(self):
        return self

    def __next__(self):
        self.net._waits = False
        return next(self.epochs)

    def __aiter__(self):
        return self

    async def __anext__(self):
        # Other tasks run before each part of an epoch.
        import asyncio

        await asyncio.sleep(0)
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration

    def close(self):
        self.epochs.close()

    def __repr__(self):
        return _text(FQT_MESSAGE_FIT_WAITS)


def fit(
    net,
    data,
    *,
    epochs=None,
    seconds=None,
    lr=0.01,
    schedule="linear",
    seed=1,
    cache=None,
    keep=None,
    every=None,
):
    if not isinstance(net, Model):
        _fail(FQT_MESSAGE_MODEL_NEEDED)
    net._look_for_waiting_fit()
    if schedule not in ("linear", "constant", "cosine"):
        _fail(FQT_MESSAGE_SCHEDULE, repr(schedule))
    if epochs is None and seconds is None:
        epochs = 1
    if epochs is not None and not (isinstance(epochs, int) and 1 <= epochs <= _MOST):
        _fail(FQT_MESSAGE_EPOCHS, _MOST, repr(epochs))
    if seconds is not None and not (isinstance(seconds, (int, float)) and 0 < seconds <= _MOST):
        _fail(FQT_MESSAGE_SECONDS, _MOST, repr(seconds))
    if every is not None and not (isinstance(every, int) and 1 <= every <= _MOST):
        _fail(FQT_MESSAGE_EVERY, _MOST, repr(every))
    if not isinstance(seed, int):
        _fail(FQT_MESSAGE_SEED, repr(seed))
    _decayed(lr, 0, 1)  # raises when it is no learning rate
    if cache:
        if cache is not True and not isinstance(cache, str):
            _fail(FQT_MESSAGE_CACHE, repr(cache))
        if not net._cut:
            _fail(FQT_MESSAGE_NOTHING_TO_CACHE)
    samples = _samples(net, data)
    if len(samples) > 65535:
        _fail(FQT_MESSAGE_MANY_SAMPLES, len(samples))
    if keep is not None:
        _check_place(keep, True)
        if keep == cache:
            _fail(FQT_MESSAGE_SAME_FILE)
    cache = _Cache(net, len(samples), cache) if cache else None
    return Fit(net, _epochs(net, samples, epochs, seconds, lr, schedule, seed, cache, keep, every))
