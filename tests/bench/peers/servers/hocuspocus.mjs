// Hocuspocus on loopback: node hocuspocus.mjs PORT [SQLITE-FILE]
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'

const [port, database] = process.argv.slice(2)
new Server({
  port: Number(port),
  address: '127.0.0.1',
  quiet: true,
  extensions: database ? [new SQLite({ database })] : [],
  // Without a store it keeps its documents, as the other servers do.
  ...(database ? {} : { unloadImmediately: false }),
}).listen()
