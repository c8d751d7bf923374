/**
 * What a person's pages keep in this browser, beside the documents: small things under names, written at once.
 *
 * Everything is one person's in one workspace of one server: what one has written is never sent as another's.
 */
import type { Store } from '../client/lane'

/** A store that can be looked through, as a browser's is. */
export type Cupboard = Store & Pick<Storage, 'length' | 'key'>

export class Shelf {
  private readonly prefix: string
  /** What the browser has no room for, kept for as long as the page is open. */
  private readonly memory = new Map<string, string>()

  /** `place` is how keys of the workspace begin in this browser, other servers' apart. */
  constructor(private readonly cupboard: Cupboard, place: string, actor: string) {
    this.prefix = `${place}:${encodeURIComponent(actor)}:`
  }

  /** What is kept under a name; null where there is nothing, or nothing that can be read. */
  read<T>(name: string): T | null {
    try {
      return JSON.parse(this.getItem(name) ?? 'null') as T | null
    } catch {
      return null
    }
  }

  /** Keep something; whether it outlives this page. */
  write(name: string, value: unknown): boolean {
    return this.setItem(name, JSON.stringify(value))
  }

  drop(name: string): void {
    this.memory.delete(name)
    this.cupboard.removeItem(this.prefix + name)
  }

  /** What follows `kind` in all names that begin so. */
  names(kind: string): string[] {
    const found = [...this.memory.keys()]
    for (let at = 0; at < this.cupboard.length; at += 1) {
      const key = this.cupboard.key(at)
      if (key?.startsWith(this.prefix)) found.push(key.slice(this.prefix.length))
    }
    return [...new Set(found)].filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length))
  }

  /** This shelf as a store of texts. */
  get store(): Store {
    return { getItem: (key) => this.getItem(key), setItem: (key, value) => void this.setItem(key, value), removeItem: (key) => this.drop(key) }
  }

  private getItem(name: string): string | null {
    return this.memory.get(name) ?? this.cupboard.getItem(this.prefix + name)
  }

  private setItem(name: string, text: string): boolean {
    try {
      this.cupboard.setItem(this.prefix + name, text)
      this.memory.delete(name)
      return true
    } catch {
      // It is full, or closed to this page: what is there is older than what is said now.
      this.cupboard.removeItem(this.prefix + name)
      this.memory.set(name, text)
      return false
    }
  }
}
