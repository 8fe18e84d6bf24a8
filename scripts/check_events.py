"""Prints the scalars of a folder of event files as TensorBoard reads them: tag, step and value, a line each.

    python scripts/check_events.py FOLDER

Needs the package tensorboard. Values are float32, printed with all the digits of a double; columns are parted by tabs.
"""
import sys

from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    events = EventAccumulator(sys.argv[1], size_guidance={SCALARS: 0}).Reload()  # 0: keep all, do not sample
    for tag in sorted(events.Tags()[SCALARS]):
        for event in events.Scalars(tag):
            print(tag, event.step, repr(float(event.value)), sep="\t")


if __name__ == "__main__":
    main()
