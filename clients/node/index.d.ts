/// <reference types="node" />

/** An integer of the daemon's: a BigInt where a number would not be exact. */
export type Integer = number | bigint;

/** A number that is stored as REAL even where it is integral. */
export interface Real {
  readonly $real: string;
}

/**
 * What a parameter may be.
 *
 * | given | stored as |
 * | --- | --- |
 * | null | NULL |
 * | boolean | 1, 0 |
 * | number | INTEGER where it is integral and fits 64 bits, otherwise REAL; NaN is an error |
 * | bigint | INTEGER; beyond 64 bits an error |
 * | real(2) | REAL |
 * | string | TEXT |
 * | Buffer, typed array, ArrayBuffer | BLOB |
 * | Date | TEXT, as toISOString writes it |
 * | other arrays and plain objects | TEXT, their JSON |
 */
export type Value = null | boolean | number | bigint | string | NodeJS.ArrayBufferView | ArrayBuffer | Date | Real | readonly unknown[] | { readonly [key: string]: unknown };

/** Parameters by place (?, ?1) or by name (:name, @name, $name). */
export type Params = readonly Value[] | { readonly [name: string]: Value };

/** What a column of a row may be: a bigint only beyond ±(2^53-1). */
export type Column = null | number | bigint | string | Buffer;
export type RowObject = { [column: string]: Column };
export type RowArray = Column[];

export interface Statement {
  sql: string;
  params?: Params | null;
  /** The statement runs once for each of these. */
  paramRows?: Iterable<Params>;
}

export interface ConnectOptions {
  /** Where the daemon listens. Default: SKYLINEDB_SOCKET, then the usual place. */
  socket?: string;
  /** The directory that the daemon must serve; otherwise DIR_MISMATCH. Default: SKYLINEDB_DIR. Without either, any. */
  dir?: string;
  /** Whether to start a daemon where there is none. Default: SKYLINEDB_AUTOSTART, then true. */
  autostart?: boolean;
  /** The daemon's program. Default: SKYLINEDB_DAEMON, then beside the running script, then PATH. */
  daemon?: string;
  /** More arguments for a daemon that is started. */
  daemonArgs?: readonly string[];
  /** Bytes of the largest request. Default: SKYLINEDB_MAX_FRAME, then 16 MiB. */
  maxFrame?: number;
  /** How long a call puts up with trouble before it fails with UNAVAILABLE. Default: 60,000. */
  retryForMs?: number;
  /** Instead of process.env, also for a daemon that is started. */
  env?: NodeJS.ProcessEnv;
}

/** A call that is given up. A query and a batch are cancelled; the call then fails with the signal's reason. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** How rows come: as objects by the names of the columns (default), or as arrays. */
export type As = "object" | "array";

export interface BatchOptions extends CallOptions {
  /** none: each statement commits by itself, up to the first failure. */
  tx?: "atomic" | "none";
  /** The reply tells what each statement did, with its rows. */
  results?: boolean;
  as?: As;
  /** Makes the batch happen at most once in its database, whoever sends it. Without it the client makes one, which protects it within this call. */
  requestId?: string;
  /** Batches with a requestId of the caller's that will not be sent again. The client sees to its own. */
  forget?: readonly string[];
  /** The rev that the database must have; otherwise REV_MISMATCH. */
  expectRev?: Integer;
  sync?: "normal" | "full";
  /** How long the daemon may take before it rolls the batch back with TIMEOUT. */
  timeoutMs?: number;
}

export interface StatementResult<Row = RowObject> {
  rowsAffected: number;
  lastInsertRowid: Integer;
  /** Of a statement that returns rows. */
  columns?: string[];
  types?: string[];
  rows?: Row[];
}

export interface BatchResult<Row = RowObject> {
  rev: Integer;
  epoch: string;
  rowsAffected: number;
  lastInsertRowid: Integer;
  /** The batch had been executed before, and this is what it did then. */
  replayed: boolean;
  /** With the option of that name: one for each statement. */
  results?: StatementResult<Row>[];
}

export interface QueryOptions extends CallOptions {
  limit?: number;
  /** The rows are of this rev or a later one. */
  minRev?: Integer;
  timeoutMs?: number;
  as?: As;
}

/** The rows of a query, to be gone through once. */
export interface QueryStream<Row = RowObject> extends AsyncIterable<Row> {
  [Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined>;
  /** With the first row. */
  readonly columns: string[] | undefined;
  readonly types: string[] | undefined;
  /** After the last row. */
  readonly rev: Integer | undefined;
  readonly epoch: string | undefined;
  readonly rowCount: number | undefined;
  /** There were more rows than limit. */
  readonly truncated: boolean | undefined;
}

export interface TransactionOptions extends CallOptions {
  /** How long the daemon waits for the next request: 5000 by default, at most 60,000. */
  idleMs?: number;
  /** How long the transaction may last: 30,000 by default, at most 600,000. */
  leaseMs?: number;
  /** How long to wait for the writer. */
  timeoutMs?: number;
  sync?: "normal" | "full";
  expectRev?: Integer;
}

export interface CommitOptions {
  requestId?: string;
  forget?: readonly string[];
}

/** A transaction. What is asked of it after its end fails with TX_EXPIRED. */
export interface Transaction {
  readonly db: string;
  readonly id: string;
  /** As Begin told, and after Commit as that did. */
  readonly rev: Integer;
  readonly epoch: string;
  readonly idleMs: number;
  readonly leaseMs: number;
  exec(sql: string, params?: Params | null, options?: TransactionBatchOptions & { as: "array" }): Promise<TransactionResult<RowArray>>;
  exec(sql: string, params?: Params | null, options?: TransactionBatchOptions): Promise<TransactionResult>;
  batch(stmts: readonly (string | Statement)[], options: TransactionBatchOptions & { as: "array" }): Promise<TransactionResult<RowArray>>;
  batch(stmts: readonly (string | Statement)[], options?: TransactionBatchOptions): Promise<TransactionResult>;
  /** Nothing else can be asked of the transaction until the rows have been read. */
  query(sql: string, params: Params | null | undefined, options: TransactionQueryOptions & { as: "array" }): QueryStream<RowArray>;
  query<Row = RowObject>(sql: string, params?: Params | null, options?: TransactionQueryOptions): QueryStream<Row>;
  all(sql: string, params: Params | null | undefined, options: TransactionQueryOptions & { as: "array" }): Promise<RowArray[]>;
  all<Row = RowObject>(sql: string, params?: Params | null, options?: TransactionQueryOptions): Promise<Row[]>;
  /** TX_EXPIRED means that nothing was committed. */
  commit(options?: CommitOptions): Promise<{ rev: Integer; epoch: string; replayed: boolean }>;
  /** Does nothing after the end. */
  rollback(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type TransactionBatchOptions = Pick<BatchOptions, "results" | "as" | "timeoutMs" | "signal">;
export type TransactionQueryOptions = Omit<QueryOptions, "minRev">;
export type TransactionResult<Row = RowObject> = Pick<BatchResult<Row>, "rowsAffected" | "lastInsertRowid" | "results">;

export interface SubscribeOptions extends CallOptions {
  /** Without it, all databases. */
  db?: string;
  /** Where to go on: the rev and the epoch of the last event. */
  rev?: Integer;
  epoch?: string;
}

/** The stream stands: at first, and again after each lost connection. */
export interface SubscribedEvent {
  event: "subscribed";
  db?: string;
  rev?: Integer;
  epoch?: string;
  state?: "open" | "preparing" | "closed";
  again: boolean;
}

/** Everything up to rev is committed and can be read. */
export interface CommitEvent {
  event: "commit";
  /** Without it: any database, after a lost connection of a stream of all. */
  db?: string;
  rev?: Integer;
  epoch?: string;
  /** There were commits that cannot be told: anything may have changed. */
  missed: boolean;
  /** The tables that may have been changed, unless missed. */
  tables?: string[];
}

export interface MaintenanceEvent {
  event: "maintenance";
  db: string;
  rev?: Integer;
  epoch?: string;
  change: "preparing" | "closed" | "reopened" | "replaced";
}

export type ChangeEvent = SubscribedEvent | CommitEvent | MaintenanceEvent;

export interface Pong {
  version: string;
  protocol: number;
  dir: string;
}

export interface DatabasePong extends Pong {
  dbPath: string;
  rev: Integer;
  epoch: string;
  state: "open" | "preparing" | "closed";
}

/** As docs/protocol.md has it. */
export interface Status {
  version: string;
  dir: string;
  pid: number;
  uptime_ms: number;
  socket: string;
  connections: number;
  workers: number;
  databases: { db: string; db_path: string; state: string; rev: Integer; epoch: string; [field: string]: unknown }[];
  [field: string]: unknown;
}

/** A client of one daemon. All its methods may be called at any time. */
export class Client {
  constructor(options?: ConnectOptions);
  /** Executes one statement, exactly once. db may be undefined: data.db. */
  exec(db: string | undefined, sql: string, params: Params | null | undefined, options: BatchOptions & { as: "array" }): Promise<BatchResult<RowArray>>;
  exec(db: string | undefined, sql: string, params?: Params | null, options?: BatchOptions): Promise<BatchResult>;
  /** Executes statements as one transaction, exactly once. */
  batch(db: string | undefined, stmts: readonly (string | Statement)[], options: BatchOptions & { as: "array" }): Promise<BatchResult<RowArray>>;
  batch(db: string | undefined, stmts: readonly (string | Statement)[], options?: BatchOptions): Promise<BatchResult>;
  /** The rows of a query, as fast as they are taken. */
  query(db: string | undefined, sql: string, params: Params | null | undefined, options: QueryOptions & { as: "array" }): QueryStream<RowArray>;
  query<Row = RowObject>(db: string | undefined, sql: string, params?: Params | null, options?: QueryOptions): QueryStream<Row>;
  /** All rows of a query. */
  all(db: string | undefined, sql: string, params: Params | null | undefined, options: QueryOptions & { as: "array" }): Promise<RowArray[]>;
  all<Row = RowObject>(db: string | undefined, sql: string, params?: Params | null, options?: QueryOptions): Promise<Row[]>;
  /** Calls work with a transaction, and commits it, or rolls it back where work throws. */
  transaction<T>(db: string | undefined, work: (tx: Transaction) => T | Promise<T>, options?: TransactionOptions & CommitOptions): Promise<T>;
  /** Begins a transaction, which must be committed or rolled back. */
  begin(db: string | undefined, options?: TransactionOptions): Promise<Transaction>;
  /** What happens to a database, or to all of them. It goes on over lost connections. */
  subscribe(options?: SubscribeOptions): AsyncGenerator<ChangeEvent, never, undefined>;
  ping(db?: undefined, options?: CallOptions): Promise<Pong>;
  ping(db: string, options?: CallOptions): Promise<DatabasePong>;
  status(options?: CallOptions): Promise<Status>;
  /** already: it was so before, or the call had to be repeated. */
  prepareForMaintenance(db?: string, options?: CallOptions): Promise<{ already: boolean }>;
  closeDatabase(db?: string, options?: CallOptions & { requireExclusive?: boolean }): Promise<{ already: boolean; readersRemaining: boolean }>;
  reopenDatabase(db?: string, options?: CallOptions): Promise<{ already: boolean; rev: Integer; epoch: string }>;
  /** Ends the daemon and waits for that. False where none runs. */
  shutdown(): Promise<boolean>;
  /** Ends the connections, and calls in flight with UNAVAILABLE. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Returns a client. It does not connect: the first call does. */
export function connect(options?: ConnectOptions): Client;

/** A number that is stored as REAL even where it is integral. */
export function real(number: number): Real;

export type ErrorCode =
  | "INVALID_REQUEST" | "UNKNOWN_TYPE" | "FRAME_TOO_LARGE" | "INVALID_DATABASE_NAME" | "DATABASE_PREPARING" | "DATABASE_CLOSED"
  | "CHECKPOINT_BUSY" | "READERS_REMAIN" | "SQL_ERROR" | "FORBIDDEN_STATEMENT" | "TIMEOUT" | "QUEUE_FULL" | "NOT_A_DATABASE"
  | "DISK_FULL" | "IO_ERROR" | "REV_MISMATCH" | "STALE_WAL" | "REQUEST_ID_REUSED" | "TX_EXPIRED" | "CANCELLED"
  | "SNAPSHOT_TOO_LONG" | "RESULT_TOO_LARGE" | "NO_DATABASE" | "SHUTTING_DOWN" | "INTERNAL"
  | "DIR_MISMATCH" | "UNAVAILABLE";

/** A failed call. */
export class SkylineError extends Error {
  /** One of docs/protocol.md, perhaps of a newer daemon. */
  readonly code: ErrorCode | (string & {});
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** SQLite's extended result code, such as SQLITE_CONSTRAINT_UNIQUE. */
  readonly sqliteCode?: string;
  readonly statementIndex?: number;
  readonly rev?: Integer;
  readonly epoch?: string;
  /** What a batch with tx none committed before its failure. */
  readonly rowsAffected?: number;
}
