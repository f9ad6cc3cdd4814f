"""A server that forks runs of the program `sc-neurocore`: they start at once, everything having been imported.

A line of standard input is the JSON of ``[words of the program, log]``, answered by the process id, or of a process id,
answered by the exit status of that process (negative: the signal that ended it). A run writes its output to the file
``log + ".out"`` and, to `log`, the id of every task before it starts, but for calibrations, and ``end`` at the end.
"""

import json
import os
import signal
import sys

from sc_neurocore import evaluation, plots
from sc_neurocore.cli import main
from sc_neurocore.evaluation.calibrated import CalibrationTask

plain = evaluation.evaluate


def run(words, log):
    with open(log, "wb", buffering=0) as starts, open(log + ".out", "w") as output:
        sys.stdout = sys.stderr = output

        def logged(*arguments, progress, **options):
            def tell(done, total, task):
                progress(done, total, task)
                if not isinstance(task, CalibrationTask):
                    starts.write(b"end\n" if task is None else task.id.encode() + b"\n")

            return plain(*arguments, progress=tell, **options)

        evaluation.evaluate = logged
        try:
            main(words)
        except SystemExit as stop:
            output.flush()
            os._exit(stop.code)


def serve():
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
        else:
            answer = os.fork()
            if not answer:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                run(*asked)
        print(answer, flush=True)


if __name__ == "__main__":
    plots.save_accuracy = lambda path, evaluation: path.write_text("a picture, which takes longer than all else")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        main(json.loads(sys.argv[1]))  # imports and compiles all that a run needs
    except SystemExit as stop:
        sys.stdout = output
        print(stop.code, flush=True)
    serve()
