"""The hot calls: each reads its arguments, and names the database work that answers it.

A call that is not plainly right (an argument that is missing, odd or too long) raises NotHot, and work that meets
an odd state answers None: then MLflow's own handler is asked, so that every refusal is MLflow's to the letter.
"""
