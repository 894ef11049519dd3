// A roster that two people write apart, and where nobody or too many are on call. Keys are the hours of a week from Monday 00:00 on, nodes
// are people; the one with the highest priority is called first.
import init, { RangeMap } from "crdt-range-map";

await init();
const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const at = (day, hour) => 24 * days.indexOf(day) + hour;
const time = (hour) => `${days[Math.floor(Number(hour) / 24) % 7]} ${String(Number(hour) % 24).padStart(2, "0")}:00`;
const tell = (title, ranges) =>
  console.log(
    title,
    ranges.map(({ start, end }) => `${time(start)} to ${time(end)}`),
  );
const week = [0, 7 * 24];

// One plans the days, on a train without a network; the other plans the nights.
const [one, other] = [new RangeMap(), new RangeMap()];
for (const day of ["Mon", "Tue", "Wed", "Thu", "Fri"]) {
  one.register("ann", at(day, 8), at(day, 18));
  if (day !== "Wed") other.register("ben", at(day, 18), at(day, 32)); // on Wednesday he sleeps
}
one.register("cleo", at("Sat", 8), at("Sun", 0)); // both thought of Saturday
other.register("ben", at("Sat", 8), at("Sat", 20));

one.merge(other.state()); // back at the office
other.merge(one.state());

const holes = one.gapsIn(...week);
tell("nobody is on call:", holes);
tell("more than one is:", one.servedByMoreThan(1, ...week));

for (const { start, end } of holes) one.register("cleo", start, end);
one.setPriority("cleo", at("Sat", 8), at("Sun", 0), 2); // she leads, and Ben helps
// Ann goes to the dentist: first Ben is there, then she goes. And he has all of her Friday.
one.register("ben", at("Tue", 9), at("Tue", 12));
one.carve("ann", { start: at("Tue", 8), end: at("Tue", 18) }, { start: at("Tue", 9), end: at("Tue", 12) });
one.handOver("ann", at("Fri", 8), at("Fri", 18), "ben");

tell("nobody is on call:", one.gapsIn(...week));
const called = (day, hour) => one.owners(at(day, hour)).map(({ node }) => node);
console.log("called:", { dentist: called("Tue", 10), friday: called("Fri", 10), saturday: called("Sat", 12) });
