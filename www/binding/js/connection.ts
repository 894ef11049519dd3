import { callback, peerName } from "./arguments.js";
import { failure } from "./errors.js";
import type { Link } from "./link.js";
import type { ConnectionStatistics, Peer } from "./types.js";

/**
 * A connection of a map to a channel. Made by `map.connect(channel)`.
 *
 * It lives until it is closed or its map is freed, whether or not this object is kept.
 */
export class Connection {
  readonly #link: Link;
  readonly #channelName: string | undefined;

  private constructor(link: Link, channelName: string | undefined) {
    this.#link = link;
    this.#channelName = channelName;
  }

  /** @internal */
  static create(link: Link, channelName: string | undefined): Connection {
    return new Connection(link, channelName);
  }

  static #of(connection: Connection): Link {
    if (#link in Object(connection)) return connection.#link;
    throw failure("invalid-this", "this is no Connection of this copy of the package");
  }

  /** The BroadcastChannel's name, or `undefined` if the channel was handed in. */
  get channelName(): string | undefined {
    Connection.#of(this);
    return this.#channelName;
  }

  /** Whether messages still come and go: until `close()`, or until the map is freed. */
  get isOpen(): boolean {
    return Connection.#of(this).isOpen;
  }

  /** What was posted and received so far. Also after closing. */
  statistics(): ConnectionStatistics {
    return Connection.#of(this).statistics();
  }

  /**
   * The other replicas that take part in presence here, by id: those that are there, and some of those that are gone. Empty if
   * this connection takes no part, or is closed. O(n).
   */
  peers(): Peer[] {
    return Connection.#of(this).peers();
  }

  /**
   * Calls back with `peers()` whenever one comes, goes or changes its name, and returns the function that ends that.
   *
   * Throws `invalid-callback`.
   */
  onPeers(listener: (peers: Peer[]) => void): () => void {
    return Connection.#of(this).peersChanged.subscribe(callback(listener));
  }

  /**
   * Goes by another name from now on. Does nothing if this connection takes no part in presence.
   *
   * Throws `invalid-name`.
   */
  setName(name: string): void {
    Connection.#of(this).setName(peerName(name));
  }

  /**
   * Closes the channel, also one that was handed in, and releases it and the callbacks. The map stays as it is. Closing again does
   * nothing. `free()` and `using` close too.
   */
  close(): void {
    Connection.#of(this).close();
  }

  /** As `close()`. */
  free(): void {
    this.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get [Symbol.toStringTag](): string {
    return "Connection";
  }
}
