import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "@playwright/test";
import { Playground } from "./playground";

/**
 * Read here once more, and from the other form of the file (dotted quads), so that a mistake of the build script in
 * reading, cutting or encoding the data does not repeat itself in what is expected.
 */
interface Row {
  readonly first: string;
  readonly last: string;
  readonly country: string;
  readonly size: number;
}

const LEAST_ADDRESSES_SHOWN = 131_072;
const csv = createRequire(import.meta.url).resolve("@ip-location-db/asn-country/asn-country-ipv4.csv");
const rows: readonly Row[] = readFileSync(csv, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [first = "", last = "", country = ""] = line.trim().split(",");
    return { first, last, country, size: value(last) - value(first) + 1 };
  });
const shown = rows.filter(({ size }) => size >= LEAST_ADDRESSES_SHOWN);
const cut = rows.filter(({ size }) => size < LEAST_ADDRESSES_SHOWN);

function value(quad: string): number {
  const view = new DataView(new ArrayBuffer(4));
  quad.split(".").forEach((part, index) => view.setUint8(index, Number(part)));
  return view.getUint32(0);
}

/** Some range of each country, and not always its first. */
function oneOfEachCountry(): Row[] {
  const countries = [...new Set(shown.map(({ country }) => country))];
  return countries.flatMap((country) => {
    const ranges = shown.filter((row) => row.country === country);
    return ranges[Math.floor(ranges.length / 3)] ?? [];
  });
}

function every<T>(items: readonly T[], step: number): T[] {
  return items.filter((_, index) => index % step === 0);
}

test("addresses are answered with the countries that the CSV gives", async ({ page }) => {
  const playground = await Playground.at(page, "ipv4");
  const expected = [
    ...oneOfEachCountry().map(({ first, last, country }, index) => ({
      address: index % 2 === 0 ? first : last,
      country,
    })),
    ...every(cut, 20_000).map(({ first }) => ({ address: first, country: null })),
    { address: "10.0.0.1", country: null },
    { address: "255.255.255.255", country: null },
  ];
  expect(expected.length).toBeGreaterThan(100);
  for (const { address, country } of expected) {
    await playground.lookUp(address);
    const words = country === null ? /a gap: not assigned/ : new RegExp(`Replica .\\s+${country} \\D+ 1\\s*$`);
    await expect(playground.answers.getByRole("listitem"), address).toHaveText([words, words, words]);
  }
});

test("the page says what was left out, and whom to thank", async ({ page }) => {
  await Playground.at(page, "ipv4");
  const note = page.getByRole("complementary", { name: "About the data" });
  const number = new Intl.NumberFormat("en");
  await expect(note).toContainText(`${number.format(shown.length)} of ${number.format(rows.length)} ranges`);
  await expect(note).toContainText("Number Resource Organization (nro.net), CC BY 4.0");
  for (const panel of ["A", "B", "C"]) {
    await expect(page.getByRole("region", { name: `Replica ${panel}` })).toContainText(
      `Registrations as a table ${number.format(shown.length)}`,
    );
  }
});

test("a range registered over real ones is first where its priority is higher", async ({ context }) => {
  const here = await Playground.open(context, "ipv4");
  const there = await Playground.open(context, "ipv4");
  await here.replica("A").edit("Increase", { node: "ZZ", start: "8.0.0.0", end: "9.0.0.0", by: "5" });
  await there.lookUp("8.8.8.8");
  const both = /ZZ\s+.*5\s+US United States\s+1/s;
  await expect(there.answers.getByRole("listitem")).toHaveText([both, both, both]);
  await expect(there.overall).toHaveText("3 replicas online, all in sync; 3 in other tabs.");
});

test("thousands of ranges: hidden detail is said, and zooming shows it", async ({ page }) => {
  const playground = await Playground.at(page, "ipv4");
  const { band } = playground.replica("A");
  await expect(band).toContainText(/[\d,]+ ranges narrower than a pixel: zoom in/);
  for (let step = 0; step < 14; step++) await page.getByRole("button", { name: "Zoom in" }).click();
  await expect(band).not.toContainText("narrower");
  await page.getByRole("button", { name: "Whole" }).click();
  await expect(page.getByTestId("view")).toHaveText("0.0.0.0 – 256.0.0.0");
  await expect(band).toContainText("narrower");
});
