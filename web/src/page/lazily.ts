/** Parts of the page that are loaded when they are first shown: who opens a workspace does not wait for them. */
import { h, type ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { NotLoaded, Opening } from './loading'

/** One part: what it is once it is here, and how its loading stands until then. */
export class LazyPart<Props extends object> {
  state: 'not asked for' | 'under way' | 'failed' | 'here' = 'not asked for'
  component: ComponentType<Props> | null = null
  private readonly bring: () => Promise<ComponentType<Props>>
  private loading: Promise<void> | null = null

  constructor(bring: () => Promise<ComponentType<Props>>) {
    this.bring = bring
  }

  /** Load it, once however often it is asked for; again where that failed. Never rejects: `state` says what came of it. */
  load(): Promise<void> {
    if (this.state !== 'here') this.state = 'under way'
    this.loading ??= this.bring().then(
      (component) => {
        this.component = component
        this.state = 'here'
      },
      () => {
        this.state = 'failed'
        this.loading = null
      },
    )
    return this.loading
  }
}

/** After how many milliseconds a part that did not come is asked for again. */
export const AGAIN_MS = 3_000

/**
 * A component that stands for one that `bring` loads, and is it once that is there. Where it does not come (the server is gone,
 * or has another release by now) the page says so, and asks again; what people wrote is kept all the same. `name` is how the
 * page calls it.
 */
export function lazily<Props extends object>(name: string, bring: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const part = new LazyPart(bring)
  return function Lazily(props: Props) {
    const [, redraw] = useState(0)
    useEffect(() => {
      let isShown = true
      const load = () => void part.load().then(() => {
        if (!isShown) return
        redraw((count) => count + 1)
        if (!part.component) setTimeout(() => isShown && load(), AGAIN_MS)
      })
      if (!part.component) load()
      return () => { isShown = false }
    }, [])
    if (part.component) return h(part.component, props)
    return h(part.state === 'failed' ? NotLoaded : Opening, { name })
  }
}
