/** A shared text in CodeMirror: bound to Yjs, with everybody's cursors and names, line ends and directions as they are. */
import type { Extension } from '@codemirror/state'
import { keymap } from '@codemirror/view'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { lineDirection } from './line_direction'
import { lineEnds } from './line_ends'

/**
 * The extension for an editor whose `doc` is `text.toString()`: what is typed in it enters the text, and what others and
 * the agent write shows in it. Undo takes back own edits alone; `undo` is one that its owner keeps.
 */
export function sharedText(text: Y.Text, awareness: Awareness | null, undo = new Y.UndoManager(text)): Extension {
  return [keymap.of(yUndoManagerKeymap), lineEnds, lineDirection, yCollab(text, awareness, { undoManager: undo })]
}
