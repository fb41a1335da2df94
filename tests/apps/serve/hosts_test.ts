/** The names by which a server may be asked for. */
import { assertEquals } from "@std/assert";
import { hostCheck, hostnameOf } from "../../../apps/serve/http/hosts.ts";

const isOurs = (
  listening: string,
  allowed: readonly string[],
  header: string,
) => {
  const name = hostnameOf(header);
  return name !== undefined && hostCheck(listening, allowed)(name);
};

Deno.test("loopback, the address that it listens at and what is allowed are names of a server", () => {
  for (
    const [listening, allowed, header, expected] of [
      ["127.0.0.1", [], "localhost:8000", true],
      ["127.0.0.1", [], "a.b.localhost", true],
      ["127.0.0.1", [], "127.0.0.1", true],
      ["127.0.0.1", [], "[::1]:8000", true],
      ["127.0.0.1", [], "10.0.0.1", false],
      ["127.0.0.1", [], "example.org", false],
      ["127.0.0.1", ["Example.ORG"], "example.org:443", true],
      ["127.0.0.1", ["example.org"], "a.example.org", false],
      ["10.0.0.1", [], "10.0.0.1:80", true],
      ["10.0.0.1", [], "10.0.0.2", false],
      ["::1", [], "[::1]", true],
      ["my-machine", [], "MY-MACHINE", true],
      ["0.0.0.0", [], "10.0.0.2", true],
      ["0.0.0.0", [], "example.org", false],
      ["::", [], "[fe80::1]", true],
      ["::", [], "example.org", false],
    ] as const
  ) {
    assertEquals(
      isOurs(listening, allowed, header),
      expected,
      `${header} at ${listening}`,
    );
  }
});
