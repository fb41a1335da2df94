/** Text becomes HTML that shows it and does nothing else. */
import { assertEquals } from "@std/assert";
import { markup, trusted } from "../../../apps/report/html/markup.ts";

Deno.test("text is escaped where it is put in, in elements and in attributes alike", () => {
  const text = `</script><img src=x onerror="alert('1')"> & more`;
  const shown =
    "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; more";
  assertEquals(
    markup`<p title="${text}">${text}</p>`.markup,
    `<p title="${shown}">${shown}</p>`,
  );
});

Deno.test("markup in markup and lists of it are put in as they are, and undefined is nothing", () => {
  const items = ["a", "<b>"].map((text) => markup`<li>${text}</li>`);
  assertEquals(
    markup`<ul>${items}${undefined}${trusted("<hr>")}</ul>${3}`.markup,
    "<ul><li>a</li><li>&lt;b&gt;</li><hr></ul>3",
  );
});

Deno.test("control characters are left out, tabs and line ends are not", () => {
  assertEquals(markup`${"a\0b\x1bc\td\ne\x85f"}`.markup, "abc\td\nef");
});
