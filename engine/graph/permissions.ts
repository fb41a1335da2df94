/** Joins the permissions of two parts of a stage. */
import type { Permissions } from "./stage.ts";

/** Everything that either may touch. */
export function joined(one: Permissions, other: Permissions): Permissions {
  const both = (name: "env" | "read" | "native" | "sys") => [
    ...one[name] ?? [],
    ...other[name] ?? [],
  ];
  const net = one.net === true || other.net === true
    ? true
    : [...one.net ?? [], ...other.net ?? []];
  return {
    net,
    env: both("env"),
    read: both("read"),
    native: both("native"),
    sys: both("sys"),
  };
}
