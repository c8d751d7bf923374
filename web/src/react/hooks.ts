/** Hooks for React, or whatever has its hooks: a component is drawn again when what it reads has changed. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type * as Y from 'yjs'
import type { AskingRoom } from '../client/asking_room'
import type { FolkmootError } from '../client/failure'
import type { Instruction, InstructionState } from '../client/instruction'
import { open, type OpenOptions, type OpenRoom } from '../client/open'
import type { RoomDocument } from '../client/room_document'

/** Something that is on its way: there, or failed, or neither yet. */
export interface Coming<Value> { value: Value | null; failure: FolkmootError | null }

const NOTHING = { value: null, failure: null }
/** How to stop where nobody listens. */
const NOBODY = () => undefined

/** Open a room with a component, and close it when that goes or `url` or `token` is another. */
export function useOpenRoom(options: OpenOptions): Coming<OpenRoom> {
  const now = useRef(options)
  now.current = options
  return useComing(
    () => {
      const giveUp = new AbortController()
      const coming = open({ ...now.current, signal: giveUp.signal })
      return { coming, end: () => { giveUp.abort(); coming.then((room) => room.close(), () => undefined) } }
    },
    `${options.url} ${options.token ?? ''}`,
  )
}

/** Open a document with a component; it stays open when that goes, for the next. Null while there is no room. */
export function useDocument(room: OpenRoom | null, name: string): Coming<RoomDocument> {
  return useComing(() => (room ? { coming: room.document(name), end: () => undefined } : null), name, room)
}

/** Draw again after every change of a room, and read of it what you want. Nothing, where there is no room yet. */
export function useRoom<Kind extends AskingRoom | null | undefined>(room: Kind): Kind {
  const subscribe = useCallback((draw: () => void) => room?.subscribe(draw) ?? NOBODY, [room])
  const revision = () => room?.revision ?? -1
  useSyncExternalStore(subscribe, revision, revision)
  return room
}

/** Where an instruction stands. */
export function useInstruction(instruction: Instruction): InstructionState {
  const subscribe = useCallback((draw: () => void) => instruction.on('state', draw), [instruction])
  return useSyncExternalStore(subscribe, () => instruction.current, () => instruction.current)
}

/** The words of a shared text; none, where there is no text yet. */
export function useText(text: Y.Text | null | undefined): string {
  const subscribe = useCallback(
    (draw: () => void) => {
      if (!text) return NOBODY
      text.observe(draw)
      return () => text.unobserve(draw)
    },
    [text],
  )
  const words = () => text?.toString() ?? ''
  return useSyncExternalStore(subscribe, words, words)
}

/** What `begin` brings, begun again whenever `key` or `owner` is another; what comes too late is passed over. */
function useComing<Value>(begin: () => { coming: Promise<Value>; end: () => void } | null, key: string, owner?: unknown): Coming<Value> {
  const [shown, show] = useState<Coming<Value>>(NOTHING)
  useEffect(() => {
    let isWanted = true
    const begun = begin()
    show(NOTHING)
    begun?.coming.then(
      (value) => isWanted && show({ value, failure: null }),
      (failure: FolkmootError) => isWanted && show({ value: null, failure }),
    )
    return () => {
      isWanted = false
      begun?.end()
    }
  }, [key, owner])
  return shown
}
