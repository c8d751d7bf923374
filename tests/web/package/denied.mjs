// Tries to open each address that it is given, and to do what cannot be done; prints how each ended and how long it took.
import { FolkmootError, open } from 'folkmoot'
import WebSocket from 'ws'

const [, , good, ...addresses] = process.argv
const failed = (coming) => coming.then(() => ['opened', ''], (error) => (error instanceof FolkmootError ? [error.code, error.remedy] : [String(error), '']))
const ends = []
for (const url of addresses) {
  const began = performance.now()
  const [code, remedy] = await failed(open({ url, WebSocket }))
  ends.push([code, remedy !== '', performance.now() - began])
}
const room = await open({ url: good, WebSocket })
const acts = [
  await failed(room.document('nowhere')),
  await failed(room.ask('append "x" to plan', { document: 'nowhere' })),
  // Beyond what the server takes as words; what it takes as a message; what is an instruction; what is a message at all.
  await failed(room.ask('x'.repeat(9_000))),
  await failed(room.ask('x'.repeat(300_000))),
  await failed(room.ask(7)),
  await failed(room.accepted(room.intent(7))),
]
// Its token is taken away while something waits.
const plan = await room.document('plan')
const held = await room.ask('append "later" to plan after 60 seconds')
console.log(JSON.stringify({ ends, acts: acts.map(([code, remedy]) => [code, remedy !== '']) }))
const over = await Promise.all([failed(held.verdict), failed((async () => { for await (const _ of held.states()); })())])
console.log(JSON.stringify({ over: over.map(([code]) => code), asked: (await failed(room.ask('more')))[0], saved: (await failed(plan.synced(1000)))[0] }))
room.close()
