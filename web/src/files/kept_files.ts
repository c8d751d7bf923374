/**
 * Files that are on their way, kept in this browser until they are there: a page that opens later goes on with them. Each is
 * one page's by a lock of its name; where a browser gives none nothing is kept, and nothing is said to be.
 */
import type { KeptArrival } from './arrivals'

const STORE = 'files'
/** Beyond so much a file is not kept. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024

interface FileLocks { request(name: string, options: { ifAvailable: true }, held: (lock: unknown) => unknown): Promise<unknown> }
type Row = KeptArrival & { doc: string }

export class KeptFiles {
  private opening: Promise<IDBDatabase> | null = null
  /** How to give back the lock of each that is this page's. */
  private readonly held = new Map<string, () => void>()

  /** `name` is that of the database, a person's in a workspace; `doc` the document that the files go into. */
  constructor(private readonly name: string, private readonly doc: string, private readonly factory: IDBFactory | undefined, private readonly locks: FileLocks | undefined) {}

  /** Keep one; whether it is there when the page is gone. */
  async keep(arrival: KeptArrival): Promise<boolean> {
    if (arrival.file.size > KEPT_BYTES_MAX || !(await this.claim(arrival.key))) return false
    const isKept = await this.run('readwrite', (store) => store.put({ ...arrival, doc: this.doc })).then(() => true, () => false)
    if (!isKept) this.release(arrival.key)
    return isKept
  }

  letGo(key: string): void {
    if (!this.held.has(key)) return
    void this.run('readwrite', (store) => store.delete(key)).catch(() => undefined).then(() => this.release(key))
  }

  /** Those of this document that no page has; they are this page's from here on. */
  async take(): Promise<KeptArrival[]> {
    if (!this.locks) return []
    const rows = await this.run<Row[]>('readonly', (store) => store.getAll()).catch(() => [])
    const taken: KeptArrival[] = []
    for (const { doc, ...kept } of rows) if (doc === this.doc && !this.held.has(kept.key) && (await this.claim(kept.key))) taken.push(kept)
    return taken
  }

  /** Leave all to the next page. */
  end(): void {
    for (const key of [...this.held.keys()]) this.release(key)
  }

  private claim(key: string): Promise<boolean> {
    const { locks } = this
    if (!locks) return Promise.resolve(false)
    return new Promise((resolve) => {
      const hold = (lock: unknown) => {
        resolve(lock !== null)
        return lock === null ? undefined : new Promise<void>((release) => this.held.set(key, release))
      }
      locks.request(`${this.name}:${key}`, { ifAvailable: true }, hold).catch(() => resolve(false))
    })
  }

  private release(key: string): void {
    this.held.get(key)?.()
    this.held.delete(key)
  }

  private async run<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<T> {
    this.opening ??= this.open()
    const database = await this.opening
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' })
      const asked = act(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(asked.result as T)
      transaction.onabort = transaction.onerror = () => reject(transaction.error)
    })
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      if (!this.factory) throw new Error('this browser keeps nothing')
      const asked = this.factory.open(this.name, 1)
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'key' })
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => reject(asked.error)
    })
  }
}
