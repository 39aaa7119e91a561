# fit: schedules, caches of the frozen front part, keeping the best weights. Beside it: head.fqt
# (uint8 8x8x1: a frozen conv2d and a pooling in front of two dense layers, 3 classes), tags.fqt
# (uint8 3x4x1, binary_cross_entropy, 3 outputs) and small.fqt (nothing frozen).
import array
import os

from checking import raises, run, state

import fqt

COUNT = 9
X = bytes(i * i * 31 % 256 for i in range(64 * COUNT))
LABELS = bytes(i % 3 for i in range(COUNT))
DATA = (X, LABELS)


def exists(path):
    return path in os.listdir()


def trained(data=DATA, model="head.fqt", **arguments):
    net = fqt.Model(model)
    if model == "tags.fqt":
        net.freeze(1)
    done = list(fqt.fit(net, data, **arguments))
    return state(net), done


def check_schedules():
    for schedule, last in (("linear", 0.25), ("constant", 1), ("cosine", 0.1470)):
        _, done = trained(epochs=4, lr=0.01, schedule=schedule)
        assert abs(done[0].lr - 0.01) < 1e-8
        assert abs(done[3].lr - 0.01 * last) < 1e-5, (schedule, done[3].lr)
    net = fqt.Model("head.fqt")
    rates = [p.lr for p in fqt.fit(net, DATA, seconds=0.1, lr=0.001, schedule="constant")]
    assert all(abs(rate - 0.001) < 1e-8 for rate in rates) and net.steps > 0
    raises(ValueError, "not 'step'", lambda: trained(schedule="step"))


def check_a_time_budget_lowers_the_rate():
    for schedule in ("linear", "cosine"):
        net = fqt.Model("head.fqt")
        first = last = None
        for progress in fqt.fit(net, DATA, seconds=0.3, lr=1e-4, schedule=schedule, every=1):
            assert last is None or progress.lr <= last
            last = progress.lr
            first = first or last
        assert first > 8e-5 and last < 2e-5, (first, last)


def check_parts_of_an_epoch():
    want, whole = trained(epochs=2)
    for cache in (None, True, "cache.bin"):
        got, done = trained(epochs=2, every=4, cache=cache)
        assert got == want
        assert [(p.epoch, p.steps) for p in done] == [
            (1, 4),
            (1, 8),
            (1, 9),
            (2, 4),
            (2, 8),
            (2, 9),
        ]
        assert (done[2].loss, done[5].loss) == (whole[0].loss, whole[1].loss)


def check_caches():
    pairs = [(X[64 * i : 64 * i + 64], LABELS[i]) for i in range(COUNT)]
    rows = array.array("f", [i % 2 for i in range(3 * COUNT)])
    for data, model in ((DATA, "head.fqt"), (pairs, "head.fqt"), ((X[:108], rows), "tags.fqt")):
        want, done = trained(data, model, epochs=4, lr=0.03)
        assert done[0].cache is None
        for cache in (True, "cache.bin"):
            got, done = trained(data, model, epochs=4, lr=0.03, cache=cache)
            assert got == want, (model, cache)
            assert not exists("cache.bin")
    text = done[0].cache
    assert text == (
        "cache 72 bytes in cache.bin (8 a sample): skips 1 of 2 layers, "
        "80% of a forward pass's multiply-adds"
    ), text
    text = trained(cache=True)[1][0].cache
    assert text.startswith("cache 144 bytes in RAM (16 a sample): skips 2 of 4 layers"), text
    raises(ValueError, "nothing to cache", lambda: trained(model="small.fqt", cache=True))


def check_a_cache_fits_what_is_frozen():
    net = fqt.Model("head.fqt")
    generator = fqt.fit(net, DATA, epochs=5, cache=True)
    next(generator)
    net.freeze("dense_3")
    raises(ValueError, "frozen or unfrozen", lambda: next(generator))


def check_the_last_mini_batch_counts():
    for batch in (4, 64):  # the last of an epoch has one sample; not one is ever full
        net = fqt.Model("head.fqt", batch=batch)
        same = fqt.Model("head.fqt", batch=batch)
        start = state(net)
        list(fqt.fit(net, DATA, epochs=2, lr=0.5, schedule="constant"))
        order = array.array("H", range(COUNT))
        for seed in (1, 2):
            fqt.shuffle(order, seed)
            for i in order:
                same.train(X, LABELS[i], 0.5, i)
            same.end_batch()
        assert state(net) == state(same) != start


def check_saving_and_freezing_end_a_mini_batch():
    net = fqt.Model("head.fqt", batch=64)
    before = net.scores(X)
    net.train(X, 1, 0.5)
    assert net.scores(X) == before
    net.save("pending.fqt")
    assert fqt.Model("pending.fqt").scores(X) == net.scores(X) != before
    os.remove("pending.fqt")
    before = net.scores(X)
    net.train(X, 1, 0.5)
    net.freeze("dense_3")
    assert net.scores(X) != before


def check_keeping():
    net = fqt.Model("head.fqt")
    losses = []
    best = None
    for progress in fqt.fit(net, DATA, epochs=6, lr=0.2, keep="best.ckpt"):
        if not losses or progress.loss < min(losses):
            best = state(net)
        losses.append(progress.loss)
    again = fqt.Model("head.fqt")
    again.restore("best.ckpt")
    assert state(again) == best
    os.remove("best.ckpt")


def diverge(net):
    while net.diverged is None:
        try:
            net.train(X, 0, 1e9)
        except RuntimeError:
            pass


def content(path):
    with open(path, "rb") as file:
        return file.read()


def check_a_better_checkpoint_of_a_run_before_stays():
    net = fqt.Model("head.fqt")
    list(fqt.fit(net, DATA, epochs=20, lr=0.2, keep="best.ckpt"))
    best = content("best.ckpt")
    new = fqt.Model("head.fqt")
    told = [(p.epoch, p.loss) for p in fqt.fit(new, DATA, epochs=2, lr=0.01, keep="best.ckpt")]
    assert content("best.ckpt") == best and not exists("best.ckpt.now")
    # The run itself is as it is without the checkpoint.
    same = fqt.Model("head.fqt")
    assert told == [(p.epoch, p.loss) for p in fqt.fit(same, DATA, epochs=2, lr=0.01)]
    assert state(new) == state(same)
    # It is looked at in parts, and one that is left there is as if it had not begun.
    start = fqt.Model("head.fqt")
    parts = fqt.fit(start, DATA, epochs=1, lr=0.01, keep="best.ckpt", every=3)
    assert [next(parts).epoch for _ in range(COUNT // 3 + 1)] == COUNT // 3 * [0] + [1]
    start = fqt.Model("head.fqt")
    parts = fqt.fit(start, DATA, epochs=1, lr=0.01, keep="best.ckpt", every=3)
    next(parts)
    parts.close()
    assert state(start) == state(fqt.Model("head.fqt")) and not exists("best.ckpt.now")
    # It is what comes back when training diverges before it is better.
    generator = fqt.fit(new, DATA, epochs=1, lr=0.01, keep="best.ckpt", every=1)
    while next(generator).epoch == 0:
        pass
    diverge(new)
    raises(RuntimeError, "those of best.ckpt are back", lambda: next(generator))
    new.save("again.ckpt", checkpoint=True)
    assert content("again.ckpt") == best
    # A worse one, and one of another model, are replaced.
    fqt.Model("head.fqt").save("best.ckpt", checkpoint=True)
    list(fqt.fit(net, DATA, epochs=1, lr=0.01, keep="best.ckpt"))
    better = fqt.Model("head.fqt")
    better.restore("best.ckpt")
    assert state(better) == state(net)
    fqt.Model("residual.fqt").save("best.ckpt", checkpoint=True)
    list(fqt.fit(net, DATA, epochs=1, lr=0.01, keep="best.ckpt"))
    better.restore("best.ckpt")
    assert state(better) == state(net)
    os.remove("best.ckpt")
    os.remove("again.ckpt")


def check_divergence():
    net = fqt.Model("head.fqt")
    generator = fqt.fit(net, DATA, epochs=400, lr=1e9, schedule="constant", keep="best.ckpt")
    raises(RuntimeError, "diverged", lambda: list(generator))
    if exists("best.ckpt"):
        os.remove("best.ckpt")
    net = fqt.Model("head.fqt")
    generator = fqt.fit(net, DATA, epochs=400, lr=0.01, schedule="constant", keep="best.ckpt")
    next(generator)
    want = state(net)
    diverge(net)
    raises(RuntimeError, "those of epoch 1 are back", lambda: next(generator))
    assert net.diverged is None and state(net) == want
    os.remove("best.ckpt")


run(
    check_schedules,
    check_a_time_budget_lowers_the_rate,
    check_parts_of_an_epoch,
    check_caches,
    check_a_cache_fits_what_is_frozen,
    check_the_last_mini_batch_counts,
    check_saving_and_freezing_end_a_mini_batch,
    check_keeping,
    check_a_better_checkpoint_of_a_run_before_stays,
    check_divergence,
)
