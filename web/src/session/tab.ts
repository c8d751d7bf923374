/**
 * Which of a person's open pages this is, and which are gone. A page that was closed, or has crashed, leaves what it had
 * not sent; the next one that opens takes that over.
 *
 * A page holds a lock of its name for as long as it lives. Browsers give locks to secure pages only (https, localhost);
 * elsewhere pages ask each other, and one that does not answer within `ANSWER_MS` counts as gone. To take over from a page
 * that lives after all does no harm: what it had sent is sent again under the same numbers.
 */
import type { Store } from '../client/lane'

export const ANSWER_MS = 300
const KEY = 'folkmoot:tab'

interface Locks { request(name: string, options: { ifAvailable: true }, held: (lock: unknown) => unknown): Promise<unknown> }
interface Channel { postMessage(message: unknown): void; onmessage: ((event: MessageEvent) => void) | null }
/** What a browser gives to tell pages apart. */
export interface Surroundings { locks: Locks | undefined; channel: (name: string) => Channel; draw: () => string }

interface Call { ask?: string; here?: string; by: string }

export class Tab {
  private readonly heard = new Map<string, () => void>()
  /** Names of pages that are gone, and are this page's now. */
  private readonly taken = new Set<string>()

  private constructor(readonly id: string, private readonly around: Surroundings, private readonly channel: Channel, private readonly self: string) {
    channel.onmessage = ({ data }: MessageEvent<Call>) => {
      if (data.by === this.self) return
      if (data.ask === this.id) channel.postMessage({ here: this.id, by: this.self })
      if (data.here) this.heard.get(data.here)?.()
    }
  }

  /** The page that this is: as before a reload; another where the tab was duplicated. */
  static async claim(store: Store, around: Surroundings): Promise<Tab> {
    const channel = around.channel('folkmoot:tabs')
    for (let id = store.getItem(KEY) || around.draw(); ; id = around.draw()) {
      const tab = new Tab(id, around, channel, around.draw())
      if (await tab.isGone(id)) {
        store.setItem(KEY, id)
        return tab
      }
    }
  }

  /** Whether no page of this name is open; then its name is this page's from here on. */
  async isGone(id: string): Promise<boolean> {
    const { locks } = this.around
    if (this.taken.has(id)) return true
    const isGone = locks ? await take(locks, `folkmoot:tab:${id}`) : !(await this.answers(id))
    if (isGone) this.taken.add(id)
    return isGone
  }

  private answers(id: string): Promise<boolean> {
    return new Promise((resolve) => {
      const wait = setTimeout(() => done(false), ANSWER_MS)
      const done = (isThere: boolean) => {
        clearTimeout(wait)
        this.heard.delete(id)
        resolve(isThere)
      }
      this.heard.set(id, () => done(true))
      this.channel.postMessage({ ask: id, by: this.self })
    })
  }
}

/** Take a lock and hold it until the page ends; false where somebody has it. */
function take(locks: Locks, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    void locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock === null ? undefined : new Promise(() => undefined)
    })
  })
}
