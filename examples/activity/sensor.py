# What the example has for a sensor: the windows of wearer.fqd, one after another, with the label
# that the wearer gave. On a device of yours, fill an array 'h' with 64 readings of x, y, z from
# your accelerometer (50 Hz, 1/2048 g), and take the label from buttons.
import asyncio

import fqt

WINDOWS = fqt.Data("wearer.fqd")
MILLISECONDS = 5  # between windows; 1280 where they are measured


async def labelled_window(number):
    # (64 x 3 readings, label) of the window of that number.
    await asyncio.sleep_ms(MILLISECONDS)
    return WINDOWS[number % len(WINDOWS)]
