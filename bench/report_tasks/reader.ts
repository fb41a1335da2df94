/** A reader of a page in a browser, whose hands are counted and whose answers must be on the screen. */
import type { Locator, Page } from "playwright-core";
import { type Effort, tally } from "./keystrokes.ts";

export interface Reader {
  readonly page: Page;
  click(place: Locator): Promise<void>;
  hover(
    place: Locator,
    position?: { readonly x: number; readonly y: number },
  ): Promise<void>;
  /** Of a list, which takes two clicks. */
  choose(list: Locator, option: string): Promise<void>;
  type(field: Locator, text: string): Promise<void>;
  /** Turns the wheel, to the side if need be, until a place is on the screen. */
  see(place: Locator): Promise<void>;
  /** The same for what a page draws only when its section is on the screen. */
  seeIn(section: Locator, place: Locator): Promise<void>;
  /** Sees a place, which has to say this. @throws an error with what it says otherwise */
  answer(place: Locator, says: RegExp): Promise<void>;
  effort(): Effort;
}

/** Part of the window that a turn of the wheel moves, and how many turns nobody makes. */
const TURN = 0.8, TURNS = 60;

/** A page that stands still so long has moved as far as the wheel was turned. */
const STILL_MILLISECONDS = 100;
/** How long a page may draw a part that came onto the screen. */
const PART_MILLISECONDS = 700;

export function readerOf(page: Page): Reader {
  const hands = tally();
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  const turn = async (right: number, down: number) => {
    hands.turn();
    await page.mouse.move(width / 2, height / 2);
    await page.mouse.wheel(right, down);
  };
  /** Where a place stands once it does not move. */
  const still = async (place: Locator) => {
    let box = await place.boundingBox();
    for (let before = ""; before !== JSON.stringify(box);) {
      before = JSON.stringify(box);
      await page.waitForTimeout(STILL_MILLISECONDS);
      box = await place.boundingBox();
    }
    return box;
  };
  const see = async (place: Locator) => {
    await place.waitFor({ state: "attached" });
    for (let turns = 0; turns <= TURNS; turns++) {
      const box = await place.boundingBox();
      if (box !== null && isSeen(box)) return;
      // A click may have set the page in motion.
      const stopped = await still(place);
      if (stopped !== null && isSeen(stopped)) return;
      const isRight = stopped !== null &&
        stopped.x + Math.min(stopped.width, width / 2) > width + 1;
      const isUp = stopped !== null && stopped.y < 0;
      await turn(
        isRight ? TURN * width : 0,
        isRight ? 0 : (isUp ? -1 : 1) * TURN * height,
      );
    }
    throw new Error(`${place} is not seen after ${TURNS} turns of the wheel`);
  };
  /** As much of a place as tells what it is. */
  const isSeen = (
    box: { x: number; y: number; width: number; height: number },
  ) =>
    box.y >= -1 && box.x + Math.min(box.width, width / 2) <= width + 1 &&
    box.y + Math.min(box.height, height / 2) <= height + 1;
  return {
    page,
    see,
    seeIn: async (section, place) => {
      await see(section);
      const isThere = () =>
        place.waitFor({ state: "attached", timeout: PART_MILLISECONDS })
          .then(() => true, () => false);
      for (let turns = 0; !await isThere(); turns++) {
        if (turns === TURNS) throw new Error(`${place} is not drawn`);
        await turn(0, TURN * height / 2);
      }
      await see(place);
    },
    click: async (place) => {
      await see(place);
      hands.click();
      await place.click();
    },
    hover: async (place, position) => {
      await see(place);
      hands.hover();
      await place.hover({ position });
    },
    choose: async (list, option) => {
      await see(list);
      hands.click();
      hands.click();
      await list.selectOption(option);
    },
    type: async (field, text) => {
      await see(field);
      hands.click();
      hands.keys(text.length);
      await field.fill(text);
    },
    answer: async (place, says) => {
      await see(place);
      const text = await place.evaluate((each) =>
        `${each.getAttribute("aria-label") ?? ""} ${
          "innerText" in each ? each.innerText : each.textContent
        }`
      );
      if (!says.test(text)) throw new Error(`expected ${says}, found: ${text}`);
    },
    effort: () => hands.effort(),
  };
}
