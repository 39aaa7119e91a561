# A vibration monitor that learns what normal is. New on a machine, it trains an autoencoder on
# what it measures, and sets its threshold from the losses of more of that; then it watches. What
# it learnt survives power cuts.
import sensor
from levels import levels

import fqt

TRAINS, SETS = 160, 200  # windows
net = fqt.Model("vibration.fqt")
threshold = fqt.Threshold(0.95, false_alarm=1000)


def loss():
    # Of the next window how unlike normal it is, and whether the machine was damaged.
    measured = sensor.window()
    return None if measured is None else (net.loss_for(levels(measured[0]), None), measured[1])


try:
    net.restore("normal.ckpt")
    threshold.restore("normal.thr")
    print("knows what is normal")
except OSError:
    normal = [(levels(sensor.window()[0]), None) for _ in range(TRAINS)]
    for progress in fqt.fit(net, normal, epochs=40, lr=0.02):
        last = str(progress)
    print(last)
    for _ in range(SETS):
        threshold.add(loss()[0])
    net.save("normal.ckpt", checkpoint=True)
    threshold.save("normal.thr")
print(f"above {threshold.value:.3f} is unusual")

seen, alarms, told = [0, 0], [0, 0], None
while (measured := loss()) is not None:
    seen[measured[1]] += 1
    alarms[measured[1]] += threshold.exceeded(measured[0])
    if threshold.drift and told is None:
        told = sum(seen)
for state, what in enumerate(("whole", "damaged")):
    print(f"{what}: {alarms[state]} of {seen[state]} windows unusual")
print(f"it changed for good: told at window {told} of {sum(seen)}")
