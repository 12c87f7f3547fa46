// Task<T>: a coroutine that runs on a Loop. It starts when it is awaited or spawned.
// A coroutine takes owned values: no references or views of what may be gone when it goes on.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/base/result.h"

namespace bulla::net {

template <class T = void>
using Task = boost::asio::awaitable<T>;

// Awaiting<T> is Task<Result<T>>: what most coroutines return.
template <class T = void>
using Awaiting = Task<Result<T>>;

}  // namespace bulla::net

// BULLA_CO_TRY(auto x, co_await f()) and BULLA_CO_CHECK(co_await f()): BULLA_TRY and BULLA_CHECK_OK in coroutines.
#define BULLA_CO_TRY(declaration, expression) BULLA_CO_TRY_(declaration, expression, BULLA_CONCAT(bulla_try_, __LINE__))
#define BULLA_CO_TRY_(declaration, expression, result)               \
  auto result = (expression);                                        \
  if (!result) co_return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

#define BULLA_CO_CHECK(expression)                                                                                   \
  do {                                                                                                               \
    if (auto bulla_result = (expression); !bulla_result) co_return std::unexpected(std::move(bulla_result).error()); \
  } while (false)
