// Housekeeping: what has to be done now and then, without anybody asking.
#pragma once

#include "keys/answer.h"
#include "keys/world.h"

namespace bulla::keys {

// sweep deletes the shares of envelopes that have expired, and codes, tickets and sessions that are long over; then the
// store lets go of old copies. Returns how many rows and envelopes it looked after.
Result<int> sweep(const World& world);

// check_belongs makes sure that the database was made with this key folder, and marks a new database. kInvalid
// otherwise: with other keys nobody could sign in, and no waiting share be opened.
Result<> check_belongs(const World& world);

}  // namespace bulla::keys
