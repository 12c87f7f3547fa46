// The tables of the SQLite store, and how a database comes to have them.
#pragma once

#include "store/sqlite_connection.h"

namespace bulla::store {

// prepare_database makes a new database's tables, or checks that an existing one is ours and of this version.
// kInvalid when it is another program's, or of a newer version.
Result<> prepare_database(Connection& connection);

}  // namespace bulla::store
