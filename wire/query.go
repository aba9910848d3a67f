package wire

import "errors"

// decodeQuery reads a Query.
func (r *Request) decodeQuery(f *fields) (err error) {
	if err := r.decodeDB(f); err != nil {
		return err
	}
	if absent(f.sql) {
		return errors.New(`the field "sql" is missing`)
	}
	if r.SQL, err = textField("sql", f.sql); err != nil {
		return err
	}
	if !absent(f.params) {
		if r.Params, err = parseParams(f.params); err != nil {
			return err
		}
	}
	if r.Limit, err = optionalInt("limit", f.limit); err != nil {
		return err
	}
	if r.Limit != nil && *r.Limit < 0 {
		return errors.New(`the field "limit" must not be negative`)
	}
	if r.MinRev, err = optionalInt("min_rev", f.minRev); err != nil {
		return err
	}
	if r.Timeout, err = durationField("timeout_ms", f.timeout); err != nil {
		return err
	}
	r.TxID, err = txID(f.tx)
	if err == nil && r.TxID == "" && !absent(f.tx) {
		err = errors.New(`the field "tx" must be the id that Begin gave`)
	}
	return err
}

// decodeSubscribe reads a Subscribe, which is for all databases where it names
// none.
func (r *Request) decodeSubscribe(f *fields) (err error) {
	if err := r.decodeDB(f); err != nil {
		return err
	}
	if r.Rev, err = optionalInt("rev", f.rev); err != nil {
		return err
	}
	if r.Epoch, err = textField("epoch", f.epoch); err != nil {
		return err
	}
	if r.Rev != nil && !r.HasDB {
		return errors.New(`"rev" goes with one database: name it in "db"`)
	}
	return nil
}
