// FailingStore passes everything on to another store, and fails at one operation: each question, deed, begin and commit
// is one. Tests run the same work with N = 0, 1, 2 ... until it succeeds, and look at what is left each time.
#pragma once

#include "store/store.h"

namespace bulla::store {

class FailingStore final : public Store {
 public:
  // The other store must outlive this one.
  explicit FailingStore(Store& store) : store_(store) {}

  // fail_at makes the operation `n` from now (0: the next) fail with kUnavailable, and only that one.
  void fail_at(int n) { left_ = n; }
  // has_failed says whether it did, since fail_at().
  bool has_failed() const { return left_ < 0; }

  Result<> read(const std::function<Result<>(Reader&)>& body) override;
  Result<> write(const std::function<Result<>(Transaction&)>& body) override;
  Result<> tidy() override;

 private:
  friend class FailingTransaction;
  Result<> operation();

  Store& store_;
  int left_ = -1;
};

}  // namespace bulla::store
