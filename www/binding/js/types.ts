// The types of what is handed in and out.

/** What a map is to be. */
export interface MapOptions {
  /**
   * Whether what it contributes is bound to its life: it counts in the `living` answers of the others while they see it alive, and in the
   * agreed one until somebody releases or evicts it. It writes under a fresh id each time, whose highest 16 bits are `eeee`, and never takes up
   * an old one; so it has no journal, and no saved map is ephemeral. Its connections take part in presence, by the empty name if they
   * have no other.
   *
   * That goes for all that it does, also to registrations of others' nodes: what an ephemeral map moves or hands over is bound to its own life
   * from then on, and what a permanent one moves is bound to none. Each life leaves 10 to 20 bytes in the state for ever.
   */
  ephemeral?: boolean | undefined;
  /** What it says of itself at first, as by `setAttributes`. */
  attributes?: Attributes | undefined;
}

/**
 * What a map says of itself beside its name, for others to find it by: an address, a zone, a role, a capacity. At most 8 pairs of a key of 1 to
 * 32 bytes and a value of at most 255 bytes, all in UTF-8, and 512 bytes in all.
 */
export type Attributes = Readonly<Record<string, string>>;

/** Who says what of itself. */
export interface AttributesChange {
  replica: bigint;
  attributes: Attributes;
}

/** A writer that backs a living owner of a key. */
export interface Backer {
  node: string;
  /** The id of the map that contributed it. */
  replica: bigint;
  /** What that map says of itself; `undefined` if nothing is known. */
  attributes: Attributes | undefined;
}

/** Somebody who is gone, and will be evicted if it stays so. */
export interface Gone {
  replica: bigint;
  /** Since when this map does not see it, in milliseconds as `Date.now()` counts them. */
  since: number;
}

/** A key, an unsigned 64-bit number. Put in: a number that is a safe integer of at least 0, or a bigint. It comes out as a bigint. */
export type Key = number | bigint;

/** A half-open range of keys to put in: from `start` up to, but not including, `end`; `null` is no upper end. */
export interface KeyRangeInput {
  start: Key;
  end: Key | null;
}

/** A half-open range of keys: from `start` up to, but not including, `end`; `null` is no upper end. */
export interface KeyRange {
  start: bigint;
  end: bigint | null;
}

/** A node that serves some keys, and how strongly: the highest priority among its registrations that cover them. */
export interface Owner {
  node: string;
  /** 1 or more; exact up to 2^53. */
  priority: number;
}

/** A range of keys with the same owners in the same order: a maximal one, or what lies of it in the range that was asked about. */
export interface Split extends KeyRange {
  /** In order of preference: by priority, the highest first, then by name. Never empty. */
  owners: Owner[];
}

/** A part of a range that one node serves, or nobody. */
export interface Piece extends KeyRange {
  /** Who serves all of these keys; `null` if nobody serves any. */
  node: string | null;
}

/** How `route` arranges the owners of a key. */
export interface RouteOptions {
  /**
   * "preference": by priority, the highest first; of those with equal priority each comes first for an equal share of the keys. "weight":
   * each comes first for a share of the keys as large as its priority among those of all owners. "preference" if it is left out.
   */
  by?: "preference" | "weight" | undefined;
  /** How many are wanted; all if it is left out. */
  wanted?: number | undefined;
  /**
   * What nodes may share, such as a zone, as a string: whoever shares its value with one before comes after all that do not. If it throws,
   * or returns something else, `route` throws.
   */
  apart?: ((node: string) => string) | undefined;
  /**
   * The same by what participants say of themselves: an attribute, such as "zone". The value of a node is that of a writer that backs it, see
   * `living.writers`; of several, that of the first by id that says one. A node of which none is known comes after all others that are apart.
   * It goes not with `apart`.
   */
  distinct?: string | undefined;
}

/** The owners of many splits, or of many keys, in columns. */
export interface OwnerColumns {
  /**
   * One more than there are splits or keys: the owners of number i are those from place `ownerOffsets[i]` up to, but not
   * including, place `ownerOffsets[i + 1]` of the next two columns, in order of preference.
   */
  ownerOffsets: Uint32Array;
  /** Which node: its place in `nodes`. */
  ownerNodes: Uint32Array;
  /** 1 or more; exact up to 2^53. */
  ownerPriorities: Float64Array;
  /** The names of the nodes that own something here, each once. */
  nodes: string[];
}

/** Splits in columns, in key order. */
export interface SplitColumns extends OwnerColumns {
  starts: BigUint64Array;
  /** 0n is no upper end. */
  ends: BigUint64Array;
}

/** An operation, for `apply`: as the method of that name. */
export type Operation =
  | { op: "register" | "release" | "unite"; node: string; start: Key; end: Key | null }
  | { op: "increase" | "decrease"; node: string; start: Key; end: Key | null; by?: number | undefined }
  | { op: "tighten" | "moveTo"; node: string; start: Key; end: Key | null; to: KeyRangeInput }
  | { op: "carve"; node: string; start: Key; end: Key | null; hole: KeyRangeInput }
  | { op: "handOver"; node: string; start: Key; end: Key | null; to: string }
  | { op: "setPriority"; node: string; start: Key; end: Key | null; to: number }
  | { op: "drain"; node: string; start: Key; end: Key | null; count: number }
  | { op: "standIn"; node: string; other: string; start: Key; end: Key | null };

/** A node serves a range of keys. */
export interface Registration extends KeyRange {
  node: string;
  /** 1 or more; exact up to 2^53. */
  priority: number;
}

/** What subscribers are told of a change. */
export interface Change {
  /** Whether an operation at this replica caused it, or something that came from another. */
  source: "local" | "remote";
  /** Disjoint ranges in order that hold every key whose owners may have changed. Never empty. */
  ranges: KeyRange[];
}

/** A range of keys whose owners changed. */
export interface WatchedPiece extends KeyRange {
  /** Who served these keys when the watch was last told, or began, in order of preference; empty if nobody did. */
  before: Owner[];
  /** Who serves them now, in order of preference; empty if nobody does. Never the same as `before`. */
  after: Owner[];
}

/** What a watch is told. */
export interface WatchedChange {
  /** Whether an operation at this replica caused it, or something that came from another. */
  source: "local" | "remote";
  /** The keys of the watched range that have other owners now: maximal ranges, in key order, with who was and who is. Never empty. */
  pieces: WatchedPiece[];
}

/** What subscribers are told of a new replica id. */
export interface ReplicaChange {
  from: bigint;
  to: bigint;
  /**
   * `retired`: the others gave the former id up, though this replica lives. `twin`: somebody else writes under it, as a copy of a disk
   * or of what was saved does.
   */
  reason: "retired" | "twin";
  /**
   * The registrations to which it contributed under the former id without being sure that anybody heard of it. That still counts here; but a
   * saved map whose twin was faster to save has begun anew from what is saved, where it is undone: `priority` tells what is left.
   */
  unheard: { node: string; start: bigint; end: bigint | null }[];
}

/**
 * What `connect` needs of a channel. A BroadcastChannel is one, and so is a MessagePort.
 *
 * Everybody on the channel hears what is posted, except who posted it; an echo is ignored. A channel may lose, repeat, delay and
 * reorder messages: the replicas agree once it carries some. It must not change or mix their bytes.
 */
export interface Channel {
  /** Takes a message, 16 MiB at most, at any time, also while `onmessage` runs. The array is the channel's to keep. What it throws is a loss. */
  postMessage(bytes: Uint8Array): void;
  /** Set by the map: to be called with each message, its bytes a `Uint8Array` or an `ArrayBuffer` as `data`; `null` after closing. */
  onmessage: ChannelListener | null;
  /** Called once, when the connection is closed or the map is freed. */
  close(): void;
}

/** What `Channel.onmessage` is set to. Written as a method so that a BroadcastChannel, which tells more, has the type of a Channel. */
export type ChannelListener = { listen(event: { data: unknown }): void }["listen"];

/** How `connect` connects. */
export interface ConnectOptions {
  /**
   * Who is at the other end: `medium`, as it is if left out: many, who all hear each other; `neighbour`: one, as over a MessagePort or a
   * WebSocket.
   */
  kind?: "medium" | "neighbour" | undefined;
  /**
   * Takes part in presence under this name: `peers()` of the connection tells who else is there, and `living` of the map counts them. At most 64 bytes in UTF-8, without
   * control characters; it may be empty, and others may have the same.
   */
  name?: string | undefined;
  /**
   * What the names of the Web Locks begin with that tell of a peer's death; left out, the name of the BroadcastChannel. All that
   * connect to a channel must give the same. With `null`, and where there are no Web Locks, as in Node, each replica posts a message
   * of some 20 bytes every 2 seconds instead: right for a channel that leaves the browser.
   */
  locks?: string | null | undefined;
}

/** Another replica that takes part in presence on the same channel. */
export interface Peer {
  replica: bigint;
  name: string;
  /** When it was last heard, in milliseconds as `Date.now()` counts them. */
  lastSeen: number;
  /** Whether it is there, as far as is known. */
  alive: boolean;
  /** Whether it went with a goodbye, and not without a word. */
  left: boolean;
}

/** What a connection posted and received so far. */
export interface ConnectionStatistics {
  messagesPosted: number;
  bytesPosted: number;
  /** Ignored ones included. */
  messagesReceived: number;
  bytesReceived: number;
  /** Messages that were foreign or broken. */
  messagesIgnored: number;
  /** How often this replica began to find out in a meeting what another one knows. */
  sessionsBegun: number;
  /** How often it found out all. */
  sessionsFinished: number;
  /** Registrations that were not posted because they are too long for a message, each time. */
  registrationsTooLong: number;
  /** Messages that were not posted because they are too long: with the contexts of very many replicas. */
  messagesTooLong: number;
  /** Messages that were posted, by kind. */
  posted: Record<MessageKind, number>;
  /** Messages that were ignored, by reason. */
  ignored: Record<IgnoreReason, number>;
}

/** What a message is about; the same in all versions. */
export type MessageKind =
  /** What the sender did. */
  | "delta"
  /** What the sender knows, asking everybody for the rest. */
  | "ask"
  /** What two replicas say to each other to find out what each lacks. */
  | "meet"
  /** A fingerprint of what the sender knows, after a quiet time. */
  | "digest"
  /** Who is there. */
  | "presence"
  /** What the sender can tell of, over links. */
  | "announce"
  /** Many drops of one writer. */
  | "drops";

/** Why a message was ignored; the same in all versions. */
export type IgnoreReason =
  /** Not of this protocol: no bytes, or more than 16 MiB of them, for one. */
  | "foreign"
  /** Another version of the protocol. */
  | "version"
  /** Another type of keys. */
  | "key-kind"
  /** A kind of message that this version does not know. */
  | "message-kind"
  /** Longer than messages may be. */
  | "too-long"
  /** Under this replica's own id: an echo, or two writers share an id. */
  | "own-replica"
  /** Damaged on the way. */
  | "checksum"
  /** Its content is not what that kind of message should have. */
  | "malformed"
  /** Its sender was retired. */
  | "retired";

/** What a `Journal` gives to be saved in one go. */
export interface JournalPage {
  /** To be told to `saved`. */
  number: number;
  /** Under which id the map wrote when the page was made. */
  replica: bigint;
  /**
   * The number of the first effect under that id that is on no page before: unique to its replica, so that a second page with it shows
   * that two write under one id.
   */
  first: number;
  /** One more than the number of the last one; equal to `first` if there are none. */
  next: number;
  /** Whether it holds something that was done here, so that somebody may wait for it, and not just what came over connections. */
  isOwn: boolean;
  /** Whether it holds everything, which makes all other pages superfluous. */
  isWhole: boolean;
  /** Whether what it holds was posted before it is saved, see `Journal.postsUnsaved`. */
  isPosted: boolean;
  /** What is to be saved, for `absorb`. It says by itself if it was damaged. */
  bytes: Uint8Array;
}

/**
 * A range of keys with the load that they cause. Advice moves it whole: a key that is much hotter than others needs one of its own. Where the
 * owners change within it, each piece is taken to have an equal part of its load and keys, since nobody knows where in it they lie.
 */
export interface LoadBucket extends KeyRangeInput {
  /** What these keys cause, in any unit that all buckets share: an integer of at least 0. */
  load: number;
  /** How many keys lie there, or bytes: what it costs to bring them to another node, in any unit that all buckets share. */
  keys: number;
}

/** What is wanted of advice: for all nodes the same, above all the same `count`. */
export interface AdviceAims {
  /** How many nodes have to serve each key, 3 if it is left out. */
  count?: number | undefined;
  /** The most keys that may come to nodes which did not serve them, in thousandths of all keys, in one round; 50 if it is left out. */
  movedPerMille?: number | undefined;
  /**
   * By how much more than its fair share a node may bear before it is to give something away, in thousandths of that share; 200 if it is left
   * out. In one round it gives until it bears half of that more, and others take up to there.
   */
  slackPerMille?: number | undefined;
}

/** What a node should do now, so that no node is too full. */
export interface Advice {
  node: string;
  /** What the node bears now, in the unit of the load. */
  load: number;
  /** What it will bear when all have done as they are advised. */
  wanted: number;
  /** Its part of all load by its capacity. */
  fair: number;
  /**
   * What to do, in this order, by `apply`; empty: nothing. What may not be done yet, or has been done, does nothing then: keys are given up
   * by `drain`, with its promise if for each node one replica does as it is advised.
   */
  operations: Operation[];
}
