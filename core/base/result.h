// Result: what a function returns when its input may be bad or the world may fail. Bugs abort instead (see check.h).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace bulla {

// Code says what a caller can do about an error; the text says what happened.
enum class Code {
  kInvalid,      // the input is malformed or breaks a bound; trying again does not help
  kAuthentic,    // decryption, a signature or a hash did not verify; all such failures look alike
  kDenied,       // who asks may not
  kNotFound,     // what was named does not exist
  kConflict,     // the state has moved on; read it again
  kTooMany,      // a rate or a quota is used up; later
  kUnavailable,  // a peer, a disk or randomness did not work; trying again may help
  kTimeout,      // a deadline passed
  kClosed,       // the peer went away
  kInternal,     // a promise inside of the program was broken
};

// code_name is the code's stable lower-case name, for logs ("invalid", "authentic", ...).
const char* code_name(Code code);

// Error is for people: text says what happened and where; hint (may be empty) says what to do about it.
struct Error {
  Code code = Code::kInternal;
  std::string text;
  std::string hint;
};

// Result<T> holds a T or an Error. It must be looked at.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

// fail makes the error alternative of any Result.
inline std::unexpected<Error> fail(Code code, std::string text, std::string hint = {}) {
  return std::unexpected<Error>(Error{code, std::move(text), std::move(hint)});
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace bulla

#define BULLA_CONCAT_(a, b) a##b
#define BULLA_CONCAT(a, b) BULLA_CONCAT_(a, b)

// BULLA_TRY(auto x, f()): x becomes f()'s value; an error is returned from the enclosing function.
#define BULLA_TRY(declaration, expression) BULLA_TRY_(declaration, expression, BULLA_CONCAT(bulla_try_, __LINE__))
#define BULLA_TRY_(declaration, expression, result)               \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

// BULLA_CHECK_OK(f()): returns f()'s error from the enclosing function; for Result<void>.
#define BULLA_CHECK_OK(expression)                                                                                \
  do {                                                                                                            \
    if (auto bulla_result = (expression); !bulla_result) return std::unexpected(std::move(bulla_result).error()); \
  } while (false)
