// The limit of node's ws: broadcast without a CRDT. node node_ws.mjs PORT
import { WebSocketServer } from 'ws'

const rooms = new Map()
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false })
server.on('connection', (socket, request) => {
  if (!rooms.has(request.url)) rooms.set(request.url, new Set())
  const room = rooms.get(request.url)
  room.add(socket)
  socket.on('message', (frame) => {
    for (const other of room) if (other !== socket) other.send(frame, { binary: true })
  })
  socket.on('close', () => room.delete(socket))
  socket.on('error', () => {})
})
