#!/bin/sh
# Containers of one service differ only by their host name: it makes each clone's own name.
export STOA_CLONE="${STOA_CLONE:-${STOA_APP}-$(hostname | tr 'A-Z_.' 'a-z--')}"
exec "$@"
