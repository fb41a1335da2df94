/** The protocol buffers of curves: the fields that are written of TensorBoard's `Event` and of Weights & Biases' `Record`. */
import protobuf from "protobufjs";

const { root } = protobuf.parse(
  `
  syntax = "proto3";

  message Event {
    double wall_time = 1;
    int64 step = 2;
    string file_version = 3;
    Summary summary = 5;
  }
  message Summary {
    message Value {
      string tag = 1;
      float simple_value = 2;
    }
    repeated Value value = 1;
  }

  message Record {
    int64 num = 1;
    History history = 2;
    Update summary = 3;
    Run run = 17;
    Exit exit = 18;
    Header header = 21;
  }
  message Header {
    message Version {
      string producer = 1;
      string min_consumer = 2;
    }
    Version version_info = 1;
  }
  message Run {
    string run_id = 1;
    string project = 3;
    Update config = 4;
    string run_group = 6;
    string job_type = 7;
    string display_name = 8;
    Timestamp start_time = 17;
  }
  message Timestamp { int64 seconds = 1; }
  message Update { repeated Item update = 1; }
  message History {
    message Step { int64 num = 1; }
    repeated Item item = 1;
    Step step = 2;
  }
  message Item {
    string key = 1;
    string value_json = 16;
  }
  message Exit {
    int32 exit_code = 1;
    int32 runtime = 2;
  }
  `,
  { keepCase: true },
);

/** What is written of each message. */
export interface Messages {
  Event: {
    readonly wall_time: number;
    readonly step?: number;
    readonly file_version?: string;
    readonly summary?: {
      readonly value: readonly {
        readonly tag: string;
        readonly simple_value: number;
      }[];
    };
  };
  Record: {
    readonly num: number;
    readonly header?: {
      readonly version_info: {
        readonly producer: string;
        readonly min_consumer: string;
      };
    };
    readonly run?: {
      readonly run_id: string;
      readonly project: string;
      readonly config: { readonly update: readonly Item[] };
      readonly run_group: string;
      readonly job_type: string;
      readonly display_name: string;
      readonly start_time: { readonly seconds: number };
    };
    readonly history?: {
      readonly item: readonly Item[];
      readonly step: { readonly num: number };
    };
    readonly summary?: { readonly update: readonly Item[] };
    readonly exit?: { readonly exit_code: number; readonly runtime: number };
  };
}

/** A named value as JSON. */
export interface Item {
  readonly key: string;
  readonly value_json: string;
}

/** The bytes of a message: the fields that are given, in the order of their numbers. */
export function encoded<Name extends keyof Messages>(
  name: Name,
  message: Messages[Name],
): Uint8Array {
  return root.lookupType(name).encode(message).finish();
}
