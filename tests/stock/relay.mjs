// A plain Yjs relay: one document of stock Yjs, the sync protocol of y-protocols, every update passed on. Prints its port.
import { WebSocketServer } from 'ws'
import * as Y from 'yjs'
import * as sync from 'y-protocols/sync'
import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'

const doc = new Y.Doc()
doc.getText('content')
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
const framed = (write) => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 0)
  write(encoder)
  return encoding.toUint8Array(encoder)
}
doc.on('update', (update, from) => {
  const frame = framed((encoder) => sync.writeUpdate(encoder, update))
  for (const peer of server.clients) if (peer !== from) peer.send(frame)
})
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const decoder = decoding.createDecoder(new Uint8Array(data))
    if (decoding.readVarUint(decoder) !== 0) return
    const answer = framed((encoder) => sync.readSyncMessage(decoder, encoder, doc, socket))
    if (answer.length > 1) socket.send(answer)
  })
  socket.send(framed((encoder) => sync.writeSyncStep1(encoder, doc)))
})
server.on('listening', () => process.stdout.write(`${server.address().port}\n`))
process.stdin.on('end', () => process.exit(0)).resume()
