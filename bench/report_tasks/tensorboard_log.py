"""Logs a run for TensorBoard: reads JSON of logged.ts from standard input, writes event files below the folder it is given.

Beside the values by step of `describe --format tensorboard`: parameters and scores for its tab HParams, translations as text.
"""

import json
import sys

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import summary_v2 as hp
from tensorboard.summary.writer.event_file_writer import EventFileWriter

# Sentences that stand in a text; its page has no search.
SENTENCES = 200


def number(value):
    try:
        return float(value)
    except ValueError:
        return value


def markdown(sentences):
    rows = ["| line | source | reference | translation | chrF |", "|---|---|---|---|---|"]
    for each in sentences[:SENTENCES]:
        cells = [each["line"], each["source"], each["reference"], each["translation"], each["chrf"]]
        rows.append("|" + "|".join(str(cell).replace("|", "\\|") for cell in cells) + "|")
    return "\n".join(rows)


def text(tag, content):
    return Summary(
        value=[
            Summary.Value(
                tag=f"{tag}/text_summary",
                metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")),
                tensor=TensorProto(
                    dtype="DT_STRING",
                    string_val=[content.encode()],
                    tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
                ),
            )
        ]
    )


def scalar(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


def main():
    logged, folder = json.load(sys.stdin), sys.argv[1]
    data = " ".join(f"{each['name']} {each['digest']}" for each in logged["data"])
    models = logged["models"] + logged["earlier"]
    scores = list(dict.fromkeys(name for model in models for name in model["scores"]))
    # What students differ in: the table shows five parameters at first.
    students = [model["params"] for model in models if "distillation.alpha" in model["params"]]
    names = dict.fromkeys(name for each in students for name in each if name != "key")
    params = [name for name in names if len({each.get(name) for each in students}) > 1]
    root = EventFileWriter(folder)
    kinds = {
        name: all(isinstance(number(model["params"].get(name, 0)), float) for model in models) for name in params
    }
    metrics = [hp.Metric(name, display_name=name) for name in scores]
    columns = [hp.HParam(name) for name in [*params, "data"]]
    root.add_event(Event(wall_time=0, summary=hp.hparams_config_pb(columns, metrics)))
    root.close()
    for model in models:
        began, ended = model["began"] / 1000, model["ended"] / 1000
        writer = EventFileWriter(f"{folder}/{model['name'].replace(' ', '_')}")
        hparams = {
            name: number(value) if kinds[name] else value
            for name, value in model["params"].items()
            if name in params
        }
        start = hp.hparams_pb({**hparams, "data": data}, trial_id=model["name"], start_time_secs=began)
        writer.add_event(Event(wall_time=began, summary=start))
        last = max([value["step"] for value in model["values"]], default=1)
        for value in model["values"]:
            time = began + (ended - began) * value["step"] / last
            writer.add_event(Event(wall_time=time, step=value["step"], summary=scalar(value["tag"], value["value"])))
        for name, value in model["scores"].items():
            writer.add_event(Event(wall_time=ended, step=0, summary=scalar(name, value)))
        if model["sentences"]:
            writer.add_event(Event(wall_time=ended, summary=text("translations", markdown(model["sentences"]))))
        writer.close()


main()
