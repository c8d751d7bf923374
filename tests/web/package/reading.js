// A component on the package's hooks, as a page has it: a room, a document of it, its words and how far an instruction is.
import { createElement as h, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useDocument, useInstruction, useOpenRoom, useRoom, useText } from 'folkmoot/react'

const Asked = ({ instruction }) => h('p', { id: 'asked' }, useInstruction(instruction).state)
const Words = ({ plan }) => h('p', { id: 'words' }, useText(plan.text))
const Head = ({ room }) => h('p', { id: 'actor' }, `${useRoom(room).actor} ${room.links.length}`)

const Page = () => {
  const { value: room, failure } = useOpenRoom({ url: decodeURIComponent(location.hash.slice(1)) })
  const { value: plan } = useDocument(room, 'plan')
  const [instruction, show] = useState(null)
  if (failure) return h('p', { id: 'failure' }, failure.code)
  if (!room || !plan) return h('p', null, 'on its way')
  return h('main', null,
    h(Head, { room }), h(Words, { plan }), instruction && h(Asked, { instruction }),
    h('button', { onClick: () => room.ask('append "Bring boots." to plan').then(show) }, 'Ask'))
}
createRoot(document.body).render(h(Page))
