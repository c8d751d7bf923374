"""Programs of somebody who means harm, over real sockets, against a server in a process of its own."""
