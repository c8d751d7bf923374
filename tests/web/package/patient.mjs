// Asks again and again while its server is killed and started anew; prints what became of it all as one line of JSON.
import { open } from 'folkmoot'
import WebSocket from 'ws'

const COUNT = 24
const room = await open({ url: process.argv[2], WebSocket })
const plan = await room.document('plan')
const asked = []
for (let at = 0; at < COUNT; at += 1) {
  asked.push(room.ask(`append "line ${at} of many" to plan`, { document: 'plan' }))
  plan.text.insert(0, `(${at})`)
  if (at === COUNT / 3) console.log('under way')
  await new Promise((resolve) => setTimeout(resolve, 40))
}
const instructions = await Promise.all(asked)
const verdicts = await Promise.all(instructions.map((instruction) => instruction.verdict))
await plan.saved()
await plan.caughtUp()
console.log(JSON.stringify({ ids: instructions.map(({ id }) => id), states: verdicts.map(({ state }) => state), text: plan.text.toString() }))
room.close()
