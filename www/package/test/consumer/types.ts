// Compiled strictly, never run: the declared types must be exactly these, and none may be `any`.
import init, {
  RangeMap,
  type Advice,
  type Answer,
  type Change,
  type Channel,
  type Connection,
  type ErrorCode,
  type Journal,
  type JournalPage,
  type Key,
  type KeyRange,
  type KeyRangeInput,
  type LivingAnswer,
  type Operation,
  type Owner,
  type OwnerColumns,
  type RangeMapError,
  type Registration,
  type ReplicaChange,
  type Split,
  type SplitColumns,
  type WatchedChange,
  type WatchedPiece,
} from "crdt-range-map";
import { openRangeMap, type PersistentErrorCode, type PersistentRangeMap } from "crdt-range-map/persistent";

// Two types are the same only if they behave the same in a generic's condition; `any` equals nothing but itself.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function assertSame<A, B>(_same: Same<A, B>): void {}

export async function everyMethod(): Promise<void> {
  assertSame<Awaited<ReturnType<typeof init>>, void>(true);
  await init();
  using map = new RangeMap();
  const other = new RangeMap(1n);
  const end: Key | null = null;

  assertSame<Key, number | bigint>(true);
  assertSame<keyof KeyRangeInput, "start" | "end">(true);
  assertSame<KeyRangeInput["start"], Key>(true);
  assertSame<KeyRangeInput["end"], Key | null>(true);
  assertSame<typeof map.replica, bigint>(true);
  for (const operate of [map.register.bind(map), map.release.bind(map)]) {
    assertSame<Uint8Array, ReturnType<typeof operate>>(true);
    operate("a", 0, end);
  }
  const delta: Uint8Array = map.increase("a", 0n, 10);
  map.increase("a", 0n, 10, 2);
  map.decrease("a", 0, 10n);
  map.decrease("a", 0, 10n, 2);
  const operations: Operation[] = [
    { op: "register", node: "a", start: 0, end: null },
    { op: "increase", node: "a", start: 0n, end: 5, by: 2 },
    { op: "decrease", node: "a", start: 0n, end: 5 },
  ];
  assertSame<Uint8Array, ReturnType<typeof map.apply>>(true);
  map.apply(operations);
  map.apply([{ op: "tighten", node: "a", start: 0, end: null, to: { start: 1, end: 2n } }]);
  map.tighten("a", { start: 0, end: null }, { start: 0n, end: 5 });
  assertSame<Uint8Array, ReturnType<typeof map.moveTo | typeof map.carve>>(true);
  map.moveTo("a", { start: 0, end: null }, { start: 0n, end: 5 });
  map.carve("a", { start: 0, end: null }, { start: 0n, end: 5 });
  assertSame<Uint8Array, ReturnType<typeof map.handOver | typeof map.setPriority>>(true);
  map.handOver("a", 0n, end, "b");
  map.setPriority("a", 0, 5n, 3);
  assertSame<Uint8Array, ReturnType<typeof map.drain | typeof map.standIn>>(true);
  map.standIn("b", "a", 0, end);
  map.drain("a", 0, end, 2);
  assertSame<ReturnType<typeof map.advice>, Advice | null>(true);
  const advice = map.advice("a", [{ start: 0, end: 5n, load: 7, keys: 5 }], new Map([["a", 1]]), { count: 2 });
  if (advice) map.apply(advice.operations);
  assertSame<Uint8Array, ReturnType<typeof map.unite>>(true);
  map.unite("a", 0, end);
  assertSame<ReturnType<typeof map.neededIn>, KeyRange[]>(true);
  map.neededIn("a", 0n, end, 2);

  assertSame<ReturnType<typeof map.merge>, KeyRange[]>(true);
  other.merge(delta);
  other.merge(map.state());
  assertSame<ReturnType<typeof map.fingerprint>, bigint>(true);
  assertSame<ReturnType<typeof map.splits>, Split[]>(true);
  assertSame<ReturnType<typeof map.owners>, Owner[]>(true);
  assertSame<ReturnType<typeof map.gaps>, KeyRange[]>(true);
  assertSame<ReturnType<typeof map.registrations>, Registration[]>(true);
  assertSame<ReturnType<typeof map.priority>, number | undefined>(true);
  assertSame<ReturnType<typeof map.splitColumns>, SplitColumns>(true);
  assertSame<ReturnType<typeof map.ownersOf>, OwnerColumns>(true);
  assertSame<SplitColumns["starts"], BigUint64Array>(true);
  assertSame<SplitColumns["ends"], BigUint64Array>(true);
  assertSame<OwnerColumns["ownerOffsets"], Uint32Array>(true);
  assertSame<OwnerColumns["ownerNodes"], Uint32Array>(true);
  assertSame<OwnerColumns["ownerPriorities"], Float64Array>(true);
  assertSame<OwnerColumns["nodes"], string[]>(true);
  map.ownersOf([0, 1n]);
  map.ownersOf(new BigUint64Array(2));
  map.ownersOf(new Float64Array(2));
  map.owners(0);
  map.priority("a", 0, null);

  assertSame<KeyRange["start"], bigint>(true);
  assertSame<KeyRange["end"], bigint | null>(true);
  assertSame<Split["owners"], Owner[]>(true);
  assertSame<Split["end"], bigint | null>(true);
  assertSame<Owner["node"], string>(true);
  assertSame<Owner["priority"], number>(true);
  assertSame<Registration["start"], bigint>(true);
  assertSame<Registration["priority"], number>(true);

  assertSame<Change["source"], "local" | "remote">(true);
  assertSame<Change["ranges"], KeyRange[]>(true);
  assertSame<Parameters<Parameters<typeof map.onChange>[0]>, [change: Change]>(true);
  assertSame<Parameters<Parameters<typeof map.watch>[1]>, [change: WatchedChange]>(true);
  const unwatch: () => void = map.watch({ start: 0, end }, ({ pieces: [first] }) => {
    assertSame<WatchedChange["pieces"], WatchedPiece[]>(true);
    first.after.push(...first.before);
    assertSame<[WatchedPiece["before"], WatchedPiece["after"], WatchedPiece["end"]], [Owner[], Owner[], bigint | null]>(
      true,
    );
  });
  unwatch();
  const unsubscribe: () => void = map.onChange(({ ranges }) => ranges.length);
  unsubscribe();
  assertSame<Parameters<Parameters<typeof map.onReplica>[0]>, [change: ReplicaChange]>(true);
  assertSame<ReplicaChange["reason"], "retired" | "twin">(true);

  const tab = new RangeMap({ ephemeral: true });
  assertSame<typeof tab.isEphemeral, boolean>(true);
  assertSame<typeof tab.living, LivingAnswer>(true);
  assertSame<ReturnType<typeof tab.living.owners>, Owner[]>(true);
  assertSame<Parameters<Parameters<typeof tab.living.onChange>[0]>, [change: Change]>(true);
  const either: Answer = map.priority("a", 0, 1) ? map : map.living;
  assertSame<ReturnType<typeof either.splitsIn>, Split[]>(true);
  either.splitsIn(0, null);
  tab.evictAfterMs = 60_000;
  assertSame<RangeMap["evictAfterMs"], number | undefined>(true);
  assertSame<ReturnType<typeof tab.leave>, Uint8Array>(true);
  tab.leave("a");
  tab.evict(5n);
  tab.markDown("a");
  tab.markUp("a");
  // @ts-expect-error: an ephemeral id is fresh
  new RangeMap({ ephemeral: true, replica: 5n });

  using connection: Connection = map.connect("channel");
  assertSame<typeof connection.isOpen, boolean>(true);
  assertSame<typeof connection.channelName, string | undefined>(true);
  type Statistics = ReturnType<typeof connection.statistics>;
  assertSame<Statistics["messagesIgnored"], number>(true);
  assertSame<Statistics["bytesPosted"], number>(true);
  connection.close();
  const channel: Channel = {
    onmessage: null,
    postMessage(bytes) {
      assertSame<typeof bytes, Uint8Array>(true);
      this.onmessage?.({ data: bytes });
    },
    close() {},
  };
  map.connect(channel, { kind: "neighbour", name: "me", locks: null }).close();
  map.connect(new BroadcastChannel("channel")).close();
  // @ts-expect-error: bytes alone don't make a channel
  map.connect(delta);

  // @ts-expect-error: a key is not a string
  map.owners("0");
  // @ts-expect-error: an end is a key or null, never left out
  map.register("a", 0);
  // @ts-expect-error: to which range?
  map.apply([{ op: "tighten", node: "a", start: 0, end: null }]);
  // @ts-expect-error: a register has no amount
  map.apply([{ op: "register", node: "a", start: 0, end: null, by: 2 }]);
  // @ts-expect-error: a delta is bytes
  map.merge("delta");
}

export async function saved(): Promise<void> {
  const opened: PersistentRangeMap = await openRangeMap({ name: "saved" });
  assertSame<typeof opened.map, RangeMap>(true);
  assertSame<typeof opened.connection, Connection | undefined>(true);
  assertSame<typeof opened.replica, bigint>(true);
  await opened.saved();
  assertSame<typeof opened.status.storage, "saved" | "saving" | "memory" | "suspended" | "closed">(true);
  opened.onstatus = ({ error }) => {
    const code: PersistentErrorCode | undefined = error?.code;
    void code;
  };
  await openRangeMap({ name: "saved", channel: null, onstatus: () => {} });
  await openRangeMap({ name: "saved", channel: () => new BroadcastChannel("saved"), presence: { name: "me" } });
  await opened.close();
  // @ts-expect-error: an open channel could not be opened anew when the page returns
  await openRangeMap({ name: "saved", channel: new BroadcastChannel("saved") });

  const map = new RangeMap();
  using journal: Journal = map.journal(() => {});
  const page: JournalPage | undefined = journal.take();
  assertSame<JournalPage["bytes"], Uint8Array>(true);
  assertSame<JournalPage["replica"], bigint>(true);
  if (page) journal.saved(page.number);
  journal.postsUnsaved = true;
  // @ts-expect-error: which page?
  journal.saved();
  journal.absorb(map.state());
  assertSame<ReturnType<typeof map.context>, Uint8Array>(true);
  assertSame<ReturnType<typeof map.deltaSince>, Uint8Array | undefined>(true);
  assertSame<ReturnType<typeof map.retire>, Uint8Array>(true);
  assertSame<ReturnType<typeof map.maintain>, Uint8Array>(true);
  map.setReplica();
  map.setReplica(5n);
}

export function told(error: RangeMapError): string {
  assertSame<RangeMapError["code"], ErrorCode>(true);
  assertSame<RangeMapError["index"], number | undefined>(true);
  switch (error.code) {
    case "not-registered":
      return "nothing to tighten";
    case "malformed":
      return error.message;
    default:
      return error.name;
  }
}
