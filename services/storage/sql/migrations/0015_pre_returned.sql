-- A system sends back what it is told as a proof of its path.
ALTER TABLE path_proof DROP CONSTRAINT path_proof_how_check;
ALTER TABLE path_proof
ADD CONSTRAINT path_proof_how_check CHECK (how IN ('seen', 'returned', 'accepted'));
